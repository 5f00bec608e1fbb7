"""Receiving one datagram at a time into a buffer of ours, which MicroPython's sockets do not offer."""

import errno
import socket

from lightwave.compat import const

_WAIT_S = 0.1  # so that the thread notices when it shall end
# A pong is waited for in one slice of a socket's wait, which is 100 ms; 0.1 would be two of them.
_PONG_WAIT_S = 0.05
_NOTHING = const(-1)


def _bound_socket(address, port, wait_s):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind(socket.getaddrinfo(address, port)[0][-1])
        udp.settimeout(wait_s)
    except OSError:
        udp.close()
        raise
    return udp


class NativeReceiver:
    """By the C module's recv_into: one read, one datagram, whatever its length."""

    def __init__(self, native):
        self._recv_into = native.recv_into
        self._socket = None

    def open(self, address, port):
        self._socket = _bound_socket(address, port, _WAIT_S)

    def receive(self, buf):
        """Bytes received, 0 when the socket has ended, -1 when nothing came in 0.1 s. HOT: allocates nothing."""
        return self._recv_into(self._socket, buf)

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class StockReceiver(NativeReceiver):
    """By readinto, which reads on until it has all the bytes it was asked for: so it is asked for exactly one packet.
    A shorter datagram spoils the one after it; both fail the packet check, and the next begins where it should."""

    def __init__(self, packet_size):
        self._socket = None
        self._packet_size = packet_size

    def receive(self, buf):
        """As above; only waiting in vain allocates (an exception)."""
        try:
            length = self._socket.readinto(buf, self._packet_size)
        except OSError as error:
            if error.errno in (errno.ETIMEDOUT, errno.EAGAIN):
                return _NOTHING
            raise
        return _NOTHING if length is None else length


class _TimeSocket:
    """A receiver that also sends, to one port of the hub and from a port of its own; it hears nobody else."""

    def open(self, address, host, port):
        udp = _bound_socket(address, 0, _PONG_WAIT_S)
        try:
            udp.connect(socket.getaddrinfo(host, port)[0][-1])
        except OSError:
            udp.close()
            raise
        self._socket = udp

    def send(self, buf):
        self._socket.write(buf)


class NativeTimeSocket(_TimeSocket, NativeReceiver):
    pass


class StockTimeSocket(_TimeSocket, StockReceiver):
    pass
