"""The control plane of the node: joined to the access point, in session with the hub, and again when either is lost.

Runs on the main thread, where Ctrl-C arrives.
"""

import os

from lightwave import ticks
from lightwave.compat import const
from lightwave.constants import WS_PATH
from lightwave_node.session import Refused, Session
from lightwave_node.websocket import WebSocket, WebSocketError

_LOOK_ROUND_MS = const(50)
_HANDSHAKE_TIMEOUT_MS = const(1500)
_FIRST_RETRY_MS = const(100)
_LAST_RETRY_MS = const(800)  # a hub that comes back is found again, and the clock locked, within 2 s
_REJOIN_US = const(5000000)  # then the station is told to connect once more


class StationLost(Exception):
    """The access point is out of reach."""


class Control:
    """`check` is called every 50 ms or so and raises what shall end the node: a thread's failure, say."""

    def __init__(
        self, config, clock, kernels, station, connect, timesync, pings, stream, telemetry, identity, catalog, check,
        updates, black_box, preview,
    ):  # fmt: skip
        self._config = config
        self._clock = clock
        self._socket = WebSocket(clock, kernels)
        self._station = station
        self._connect = connect
        self._timesync = timesync
        self._pings = pings
        self._stream = stream
        self._telemetry = telemetry
        self._identity = identity
        self._catalog = catalog
        self._check = check
        self._updates = updates
        self._black_box = black_box
        self._preview = preview
        self._retry_ms = _FIRST_RETRY_MS
        self._complaint = ""  # printed once, not at every attempt
        self.running = True

    def run(self):
        """Until `running` is False."""
        while self.running:
            self._join()
            if self.running:
                self._hold_session()

    def _join(self):
        """Wait until the station has joined."""
        if self._station.is_connected():
            return
        print("[WIFI] joining %s" % self._config.ssid)
        asked = None
        while self.running and not self._station.is_connected():
            if asked is None or ticks.diff(self._clock.now(), asked) >= _REJOIN_US:
                asked = self._clock.now()
                self._station.connect()
            self._pause(_LOOK_ROUND_MS)
        if self.running:
            print("[WIFI] joined %s as %s, %d dBm" % (self._config.ssid, self._station.address(), self._station.rssi()))

    def _hold_session(self):
        """One session from connecting to its end, and the pause after it."""
        changed_way = False
        try:
            self._open_socket()
            try:
                self._talk()
            finally:
                self._pings.close()
                self._socket.close()
            return
        except StationLost:
            print("[WIFI] lost %s: the access point is gone" % self._config.ssid)
            changed_way = True
        except (Refused, WebSocketError, OSError) as error:
            self._complain(error)
        self._pause(self._jittered(self._retry_ms))
        self._retry_ms = min(2 * self._retry_ms, _LAST_RETRY_MS)
        # Only now: edges that were under way when the connection broke have still met their moment.
        if changed_way:  # the driver does not tell which access point it finds next
            self._timesync.start_over(self._clock.now(), "access point lost")
        else:
            self._timesync.unlock("connection lost")

    def _open_socket(self):
        host, port = self._config.hub_host, self._config.hub_port
        connection = self._connect(self._station.address(), host, port)
        self._socket.open(connection, "%s:%d" % (host, port), WS_PATH, _HANDSHAKE_TIMEOUT_MS)

    def _talk(self):
        session = Session(
            self._socket, self._clock, self._timesync, self._pings, self._stream, self._telemetry, self._station,
            self._updates, self._black_box, self._preview, self._config.join_key,
        )  # fmt: skip
        session.open(self._identity, self._catalog)
        self._telemetry.sessions += 1
        self._retry_ms = _FIRST_RETRY_MS
        self._complaint = ""
        while self.running:
            self._check()
            if not self._station.is_connected():
                raise StationLost
            session.step()

    def _complain(self, error):
        complaint = str(error)
        if complaint != self._complaint:
            self._complaint = complaint
            print("[CTRL] hub %s:%d: %s" % (self._config.hub_host, self._config.hub_port, complaint))

    def _jittered(self, delay_ms):
        """Up to a quarter longer, so that a whole fleet does not come back in the same millisecond."""
        return delay_ms + delay_ms * os.urandom(1)[0] // 1024

    def _pause(self, duration_ms):
        until = ticks.add(self._clock.now(), duration_ms * 1000)
        while self.running:
            self._check()
            self._telemetry.update()
            self._timesync.tick(self._clock.now())
            left_us = ticks.diff(until, self._clock.now())
            if left_us <= 0:
                return
            self._clock.sleep_ms(min(_LOOK_ROUND_MS, left_us // 1000 + 1))
