# The network module of the ESP32 port: a WiFi station over _sim's radio. The access point side is not simulated.

import _sim
import machine

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_CONNECT_FAIL = STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

_hostname = "mpy-esp32s3"
_NO_ADDRESS = "0.0.0.0"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    _hostname = name
    return None


def country(code="XX"):
    return code


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    _active = False
    # Power save is on until firmware turns it off, as on the board.
    _settings = {"pm": 1, "txpower": 20, "reconnects": -1, "channel": 6, "ssid": ""}

    def __init__(self, interface=STA_IF):
        if interface != STA_IF:
            raise ValueError("invalid WLAN interface identifier")

    def active(self, on=None):
        if on is not None:
            WLAN._active = bool(on)
            if not on:
                _sim.wifi_disconnect()
        return WLAN._active

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not WLAN._active:
            raise OSError("Wifi Not Started")
        if _sim.wifi_status() == STAT_CONNECTING:
            raise OSError("Wifi Internal State Error")
        if ssid is None:
            _sim.wifi_connect()
        else:
            self._settings["ssid"] = ssid
            _sim.wifi_connect(ssid, key or "")

    def disconnect(self):
        _sim.wifi_disconnect()

    def isconnected(self):
        return _sim.wifi_status() == STAT_GOT_IP

    def status(self, what=None):
        if what is None:
            return _sim.wifi_status()
        if what == "rssi":
            if not self.isconnected():
                raise OSError("Wifi Not Connected")
            return _sim.wifi_rssi()
        raise ValueError("unknown status param")

    def _addresses(self):
        if not self.isconnected():
            return (_NO_ADDRESS,) * 4
        gateway = _NO_ADDRESS if _sim.env("K1_SIM_INTERFACE") else "127.0.0.1"
        return _sim.wifi_addresses() + (gateway, gateway)

    def ifconfig(self, config=None):
        return self._addresses()

    def ipconfig(self, what):
        address, netmask, gateway, dns = self._addresses()
        if what == "addr4":
            return address, netmask
        if what == "gw4":
            return gateway
        raise ValueError("unknown config param")

    def config(self, *query, **changes):
        if query and changes:
            raise TypeError("either pos or kw args are allowed")
        for name, value in changes.items():
            self._configure(name, value)
        if changes:
            return None
        if len(query) != 1:
            raise TypeError("can query only one param")
        return self._query(query[0])

    def _configure(self, name, value):
        if name in ("hostname", "dhcp_hostname"):
            hostname(value)
        elif name not in self._settings or name == "ssid":
            raise ValueError("unknown config param")
        else:
            self._settings[name] = value
            if name == "reconnects":
                _sim.wifi_reconnects(value)

    def _query(self, name):
        if name == "mac":
            return machine.unique_id()
        if name in ("hostname", "dhcp_hostname"):
            return hostname()
        if name == "essid":
            name = "ssid"
        if name not in self._settings:
            raise ValueError("unknown config param")
        return self._settings[name]
