"""The WiFi station: joins the hub's access point and stays joined."""

import network

_MAX_LOSS_DBM = -127


class Station:
    """One access point. The driver reconnects by itself for as long as it is active; `connect` starts it again where
    that has ended."""

    def __init__(self, ssid, password):
        self._ssid = ssid
        self._password = password
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        self._wlan.active(True)
        # Power save holds packets back until the next beacon, 100 ms and more.
        self._wlan.config(pm=self._wlan.PM_NONE, reconnects=-1)

    def connect(self):
        """Begin to join; does nothing while that is under way."""
        if self._wlan.isconnected() or self._wlan.status() == network.STAT_CONNECTING:
            return
        try:
            self._wlan.connect(self._ssid, self._password)
        except OSError:  # the driver is between two attempts of its own
            pass

    def is_connected(self):
        return self._wlan.isconnected()

    def address(self):
        return self._wlan.ifconfig()[0]

    def mac(self):
        return ":".join("%02X" % byte for byte in self._wlan.config("mac"))

    def rssi(self):
        """dBm, -127..0."""
        try:
            return max(_MAX_LOSS_DBM, min(0, self._wlan.status("rssi")))
        except OSError:  # not joined
            return _MAX_LOSS_DBM

    def close(self):
        self._wlan.disconnect()
