"""Asking the hub for the time by UDP, where both sides offer it (PROTOCOL.md, "Time pings").

The control thread waits for each pong in a receive, which wakes when the datagram comes; a poll would wake on the next
RTOS tick. When pongs stay out the WebSocket takes over, and UDP is tried again every ten seconds. A way that has
worked is given up late: over it a lost pong costs nothing, while TCP makes up for what is lost by being late.
"""

from lightwave import packets, ticks
from lightwave.compat import const

_GIVE_UP = const(4)  # pings in a row without a pong, where none ever came
_GIVE_UP_LATE = const(15)  # and where some did: three seconds
_TRY_AGAIN_US = const(10000000)
_MOST_AT_ONCE = const(4)  # datagrams read for one ping: late pongs, and what others send us


class TimePings:
    """`udp` is lightwave_hw/datagram.py's time socket. After `begin`, `ask` allocates only where the socket fails."""

    def __init__(self, clock, timesync, udp, hub_host):
        self._clock = clock
        self._timesync = timesync
        self._udp = udp
        self._hub_host = hub_host
        self._ping = bytearray(packets.TS_SIZE)
        self._pong = bytearray(packets.TS_SIZE + 1)  # one byte more, to know a datagram that is too long
        self._address = ""
        self._port = 0
        self._open = False
        self._hash_low = self._hash_high = 0
        self._missed = 0
        self._patience = _GIVE_UP
        self._try_at = 0

    def begin(self, address, port, node_id, token):
        """A session: ping from `address` to the hub's `port`, 0 when it offers none."""
        self.close()
        token_hash = packets.token_hash(token)
        packets.pack_ts(self._ping, packets.TS_PING, node_id, 0, token_hash, 0)
        self._hash_low = token_hash & 0xFFFF
        self._hash_high = token_hash >> 16
        self._address = address
        self._port = port
        self._missed = 0
        self._patience = _GIVE_UP

    def ask(self):
        """Send a ping and take its pong. False when it is the WebSocket's turn to ping."""
        if not self._is_our_turn():
            return False
        try:
            if self._exchange():
                self._missed = 0
                self._patience = _GIVE_UP_LATE
                return True
        except OSError:  # our address or the way to the hub is gone
            self.close()
        self._missed += 1
        self._try_at = ticks.add(self._clock.now(), _TRY_AGAIN_US)
        return True

    def _is_our_turn(self):
        if not self._port:
            return False
        return self._missed < self._patience or not ticks.before(self._clock.now(), self._try_at)

    def close(self):
        if self._open:
            self._udp.close()
            self._open = False

    def _exchange(self):
        if not self._open:
            self._udp.open(self._address, self._hub_host, self._port)
            self._open = True
        now = self._clock.now()
        seq = self._timesync.ping(now)
        packets.put30(self._ping, packets.TS_SEQ_AT, seq)
        packets.put30(self._ping, packets.TS_T1_AT, now)
        self._udp.send(self._ping)
        for _ in range(_MOST_AT_ONCE):
            length = self._udp.receive(self._pong)
            at = self._clock.now()
            if length < 0:
                return False
            if length == 0:  # for MicroPython an empty datagram is the socket's end
                self.close()
                return False
            if self._take(length, at) and packets.low30(self._pong, packets.TS_SEQ_AT) == seq:
                return True
        return False

    def _take(self, length, at):
        if not packets.is_pong(self._pong, length, self._hash_low, self._hash_high):
            return False
        if not self._timesync.pong_packet(self._pong, at):
            return False
        self._timesync.anchor(at)
        return True
