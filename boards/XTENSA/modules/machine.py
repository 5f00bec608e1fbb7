"""Only so that firmware/lightwave_hw can be imported: there are no pins and no microphone here."""


class Pin:
    pass


class I2S:
    pass
