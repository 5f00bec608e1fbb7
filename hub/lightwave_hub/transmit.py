"""Getting rows of datagrams into the kernel: one sendmmsg(2) for all of them on Linux, else one sendto for each.

Both number a failed row, skip it and go on. The socket never blocks: a full buffer is a lost datagram, which the
stream is made for, and not a late tick.
"""

import ctypes
import errno
import socket
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from lightwave import packets

SEND_BUFFER_BYTES = 4 << 20  # a whole tick of 1000 nodes, several times over, as the kernel counts buffers
_IP_MTU_DISCOVER, _IP_PMTUDISC_DO = 10, 2  # Linux; Python's socket module does not name them


class Failure(NamedTuple):
    row: int
    errno: int


class Transmitter(Protocol):
    """Sends rows of the memory it was made with."""

    def set_address(self, row: int, address: tuple[str, int]) -> None:
        """From now on `row` goes to this IPv4 address. Raises OSError for what is none."""

    def arrange(self, order: Sequence[int]) -> None:
        """The addresses of all rows in use, in another order: that of row order[n] becomes row n's."""

    def send(self, first: int, end: int) -> list[Failure]:
        """Send rows first..end-1; which of them failed."""

    def close(self) -> None: ...


def open_transmitter(memory: bytearray, capacity: int, host: str) -> Transmitter:
    """The best one this machine has, sending from `host`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    sock.bind((host, 0))
    if sys.platform == "linux":
        # Never to be fragmented, so the kernel need not draw an identification for each packet: 8 % of what one costs.
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "sendmmsg"):
        return SendmmsgTransmitter(sock, memory, capacity)
    return SendtoTransmitter(sock, memory, capacity)


class SendtoTransmitter:
    def __init__(self, sock: socket.socket, memory: bytearray, capacity: int) -> None:
        self._sock = sock
        view, size = memoryview(memory), packets.PACKET_SIZE
        self._rows = [view[row * size : (row + 1) * size] for row in range(capacity)]
        self._addresses = [("", 0)] * capacity

    def set_address(self, row: int, address: tuple[str, int]) -> None:
        socket.inet_pton(socket.AF_INET, address[0])
        self._addresses[row] = address

    def arrange(self, order: Sequence[int]) -> None:
        self._addresses[: len(order)] = [self._addresses[row] for row in order]

    def send(self, first: int, end: int) -> list[Failure]:
        failures = []
        for row in range(first, end):
            try:
                self._sock.sendto(self._rows[row], self._addresses[row])
            except OSError as error:
                failures.append(Failure(row, error.errno or 0))
        return failures

    def close(self) -> None:
        self._sock.close()


class _SockAddr(ctypes.Structure):
    _fields_ = [
        ("family", ctypes.c_uint16),
        ("port", ctypes.c_ubyte * 2),
        ("address", ctypes.c_ubyte * 4),
        ("zero", ctypes.c_ubyte * 8),
    ]


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _MsgHdr(ctypes.Structure):
    """struct msghdr of the Linux ABI."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _MMsgHdr(ctypes.Structure):
    _fields_ = [("header", _MsgHdr), ("sent", ctypes.c_uint)]


class SendmmsgTransmitter:
    """All structures are built once; a send passes the kernel a pointer into them, and the GIL is free meanwhile."""

    def __init__(self, sock: socket.socket, memory: bytearray, capacity: int) -> None:
        self._sock = sock
        self._memory = (ctypes.c_ubyte * len(memory)).from_buffer(memory)  # also keeps the bytearray from moving
        self._names = (_SockAddr * capacity)()
        self._iovecs = (_IoVec * capacity)()
        self._messages = (_MMsgHdr * capacity)()
        self._sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
        self._sendmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
        self._sendmmsg.restype = ctypes.c_int
        self._base = ctypes.addressof(self._messages)
        packets_at, iovecs_at = ctypes.addressof(self._memory), ctypes.addressof(self._iovecs)
        names_at = ctypes.addressof(self._names)
        for row in range(capacity):
            self._iovecs[row] = _IoVec(packets_at + row * packets.PACKET_SIZE, packets.PACKET_SIZE)
            message = self._messages[row].header
            message.name = names_at + row * ctypes.sizeof(_SockAddr)
            message.name_length = ctypes.sizeof(_SockAddr)
            message.iov = iovecs_at + row * ctypes.sizeof(_IoVec)
            message.iov_count = 1

    def set_address(self, row: int, address: tuple[str, int]) -> None:
        name = self._names[row]
        name.address[:] = socket.inet_pton(socket.AF_INET, address[0])
        name.port[:] = address[1].to_bytes(2, "big")
        name.family = socket.AF_INET

    def arrange(self, order: Sequence[int]) -> None:
        size = ctypes.sizeof(_SockAddr)
        names = memoryview(self._names).cast("B")
        old = bytes(names)
        names[: len(order) * size] = b"".join([old[row * size : (row + 1) * size] for row in order])

    def send(self, first: int, end: int) -> list[Failure]:
        failures = []
        descriptor, step = self._sock.fileno(), ctypes.sizeof(_MMsgHdr)
        row = first
        while row < end:
            # The kernel stops at the first message it cannot send; it tells why only when asked to start with that one.
            sent = self._sendmmsg(descriptor, self._base + row * step, end - row, 0)
            if sent > 0:
                row += sent
                continue
            code = ctypes.get_errno()
            if code == errno.EINTR:
                continue
            failures.append(Failure(row, code))
            row += 1
        return failures

    def close(self) -> None:
        self._sock.close()
