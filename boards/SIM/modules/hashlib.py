# MicroPython's hashlib, and the sha1 that the ESP32 port takes from mbedTLS.

import _sim
from uhashlib import *  # noqa: F403


class sha1:
    def __init__(self, data=b""):
        self._data = bytearray(data)

    def update(self, data):
        self._data.extend(data)

    def digest(self):
        return _sim.sha1(self._data)
