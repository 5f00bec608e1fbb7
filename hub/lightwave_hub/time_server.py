"""Answers the nodes' time pings by UDP (PROTOCOL.md, "Time pings").

A pong says when the ping came and how long it was held here, so what the event loop does meanwhile is no part of the
way. Where the kernel stamps datagrams as they arrive (Linux), that is when it came; else, when it was read.
"""

import asyncio
import logging
import socket
import struct
import sys
import time
from dataclasses import dataclass

from lightwave import packets
from lightwave.constants import PROTO_VER
from lightwave_hub.log import control_log, event
from lightwave_hub.node import STREAMING
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock

READS_AT_ONCE = 64  # then the event loop has its turn
MAX_HELD_US = 1_000_000  # a stamp that is older, or of the future, belongs to a wall clock that was set meanwhile
_SO_TIMESTAMPNS = 35  # Linux; Python's socket module does not name it
_TIMESPEC = struct.Struct("@ll")
_PING = struct.Struct("<BBHIII")  # up to t1_us
_LAST_T1_US = (1 << 30) - 1


@dataclass(slots=True)
class TimeServerStats:
    """Counters since the hub started."""

    pongs: int = 0
    refused: int = 0  # no ping, or of no session
    send_errors: int = 0
    stamped: int = 0  # pings whose arrival the kernel told


class TimeServer:
    """A UDP socket of the event loop. `port` is 0 while it is closed: then pings go over the WebSocket alone."""

    def __init__(self, table: NodeTable, clock: ShowClock) -> None:
        self.stats = TimeServerStats()
        self.port = 0
        self._table = table
        self._clock = clock
        self._socket: socket.socket | None = None
        self._answer = bytearray(packets.TS_SIZE)

    def start(self, host: str, port: int) -> None:
        """Listen on `port`, or any free one for 0. A port that is taken is no reason not to start: it is logged."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            event(control_log, logging.WARNING, "no time pings by UDP", port=port, why=error.strerror)
            return
        sock.setblocking(False)
        if sys.platform == "linux":
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket = sock
        self.port = sock.getsockname()[1]
        asyncio.get_running_loop().add_reader(sock, self._read, sock)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            self.port = 0

    def _read(self, sock: socket.socket) -> None:
        for _ in range(READS_AT_ONCE):
            try:
                ping, stamps, _, address = sock.recvmsg(packets.TS_SIZE + 1, socket.CMSG_SPACE(_TIMESPEC.size))
            except OSError:  # nothing more; or, late, that an earlier pong found nobody
                return
            held_us = self._held_us(stamps)
            came_us = self._clock.now_us() - held_us
            if self._is_valid(ping):
                self._reply(sock, ping, came_us, address)
            else:
                self.stats.refused += 1

    def _held_us(self, stamps: list[tuple[int, int, bytes]]) -> int:
        """How long ago the kernel had the datagram; 0 where it does not tell."""
        for level, kind, stamp in stamps:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(stamp) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(stamp)
                held_us = (time.time_ns() - seconds * 1_000_000_000 - nanoseconds) // 1000
                if 0 <= held_us <= MAX_HELD_US:
                    self.stats.stamped += 1
                    return held_us
        return 0

    def _is_valid(self, ping: bytes) -> bool:
        if len(ping) != packets.TS_SIZE:
            return False
        proto, kind, node_id, _, token_hash, t1_us = _PING.unpack_from(ping)
        node = self._table.get(node_id)
        return (
            (proto, kind) == (PROTO_VER, packets.TS_PING)
            and node is not None
            and node.state in STREAMING
            and node.token_hash == token_hash
            and t1_us <= _LAST_T1_US
        )

    def _reply(self, sock: socket.socket, ping: bytes, came_us: int, address: tuple[str, int]) -> None:
        _, _, node_id, seq, token_hash, t1_us = _PING.unpack_from(ping)
        held_us = min(MAX_HELD_US, self._clock.now_us() - came_us)
        packets.pack_ts(self._answer, packets.TS_PONG, node_id, seq, token_hash, t1_us, came_us, held_us)
        try:
            sock.sendto(self._answer, address)
            self.stats.pongs += 1
        except OSError:  # no room, or nobody there: a lost pong
            self.stats.send_errors += 1
