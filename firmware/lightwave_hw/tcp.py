"""A TCP connection for the WebSocket client: reads that never block for longer than asked, into memory of ours."""

import errno
import select
import socket
import time

from lightwave.compat import const

_CONNECT_TIMEOUT_S = 2
_WRITE_TIMEOUT_MS = const(1000)
_WRITE_AGAIN_MS = const(20)
_NO_DELAY = const(1)  # TCP_NODELAY, for ports whose socket module does not name it


class Connection:
    """Opened from our own address, so that a node with several knows which network it is on. OSError on failure."""

    def __init__(self, own_address, host, port):
        self._socket = socket.socket()
        try:
            self._socket.bind(socket.getaddrinfo(own_address, 0)[0][-1])
            self._socket.settimeout(_CONNECT_TIMEOUT_S)
            self._socket.connect(socket.getaddrinfo(host, port)[0][-1])
            self._send_at_once()
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._socket, select.POLLOUT)

    def wait(self, timeout_ms):
        """Wait until there is something to read, at most so long."""
        self._readable.poll(timeout_ms)

    def read_into(self, view):
        """Bytes read into a memoryview, 0 when none are there; OSError when the peer has closed."""
        got = self._socket.readinto(view)
        if got is None:
            return 0
        if got == 0:
            raise OSError(errno.ECONNRESET)
        return got

    def is_writable(self):
        """Is there room for a short message?"""
        return len(self._writable.poll(0)) > 0

    def write(self, view):
        """Send all of a memoryview; OSError if the peer does not take it in time."""
        sent = waited_ms = 0
        while sent < len(view):
            count = self._socket.write(view[sent:])
            if count:
                sent += count
                continue
            if waited_ms >= _WRITE_TIMEOUT_MS:
                raise OSError(errno.ETIMEDOUT)
            # Not poll: a connection whose access point has gone may call itself writable and still take nothing.
            time.sleep_ms(_WRITE_AGAIN_MS)
            waited_ms += _WRITE_AGAIN_MS

    def close(self):
        self._socket.close()

    def _send_at_once(self):
        try:
            self._socket.setsockopt(getattr(socket, "IPPROTO_TCP", 6), getattr(socket, "TCP_NODELAY", _NO_DELAY), 1)
        except OSError:  # it only makes small messages wait for one another
            pass
