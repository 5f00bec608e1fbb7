"""A file by HTTP from the hub, in pieces as they come, and on from where a broken connection ended."""

from lightwave import ticks
from lightwave.compat import const

_ANSWER_TIMEOUT_US = const(1000000)  # with connecting below the hub's patience for keepalives
_MAX_HEAD = const(1024)
_END = b"\r\n\r\n"


class Refused(Exception):
    """The server has no such file, or another one than was announced: trying again is in vain."""


class Download:
    """`at` bytes of `size` have been read so far; `read_into` fills on from there. `connect(own_address, host, port)`
    opens a connection (lightwave_hw.tcp)."""

    def __init__(self, clock, connect, own_address, url, size):
        self._clock = clock
        self._connect = connect
        self._own_address = own_address
        self._host, self._port, self._path = split_url(url)
        self._size = size
        self._connection = None
        self._left_over = b""  # came in one piece with the head
        self.at = 0

    @property
    def is_open(self):
        return self._connection is not None

    def open(self):
        """Ask for all that is missing. Raises OSError, and Refused."""
        self.close()
        self._connection = self._connect(self._own_address, self._host, self._port)
        request = "GET %s HTTP/1.1\r\nHost: %s:%d\r\nRange: bytes=%d-\r\nConnection: close\r\n\r\n" % (
            self._path, self._host, self._port, self.at,
        )  # fmt: skip
        self._connection.write(memoryview(request.encode()))
        head = self._read_head()
        status = head.split(" ", 2)[1]
        wanted = "bytes %d-%d/%d" % (self.at, self._size - 1, self._size)
        if status != "206" or _header(head, "content-range") != wanted:
            said = _header(head, "content-range") or "no Content-Range"
            raise Refused("the hub answered %s, %s; wanted %s" % (status[:3], said[:40], wanted))

    def read_into(self, view):
        """Bytes read into the view, 0 while there are none. OSError when the connection has broken."""
        if self._left_over:
            got = min(len(view), len(self._left_over))
            view[:got] = self._left_over[:got]
            self._left_over = self._left_over[got:]
        else:
            got = self._connection.read_into(view)
        self.at += got
        return got

    def wait(self, timeout_ms):
        if not self._left_over:
            self._connection.wait(timeout_ms)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._left_over = b""

    def _read_head(self):
        deadline = ticks.add(self._clock.now(), _ANSWER_TIMEOUT_US)
        buffer = bytearray(_MAX_HEAD)
        view = memoryview(buffer)
        length = 0
        end = -1
        while end < 0:
            got = self._connection.read_into(view[length:])
            length += got
            end = buffer.find(_END, 0, length)
            if end < 0 and length == _MAX_HEAD:
                raise Refused("the answer's head has more than %d bytes" % _MAX_HEAD)
            if not got:
                left_us = ticks.diff(deadline, self._clock.now())
                if left_us <= 0:
                    raise OSError("no answer")
                self._connection.wait(left_us // 1000 + 1)
        self._left_over = bytes(view[end + len(_END) : length])
        try:
            head = str(view[:end], "utf-8")
        except ValueError:
            head = ""
        if not head.startswith("HTTP/1.") or " " not in head:
            raise Refused("what answers is no web server")
        return head


def split_url(url):
    """(host, port, path) of an http:// address. Raises Refused."""
    if not url.startswith("http://"):
        raise Refused("url: must begin with http://")
    host, slash, path = url[7:].partition("/")
    host, _, port = host.partition(":")
    if not host or not slash or (port and not port.isdigit()):
        raise Refused("url: must be http://HOST/PATH or http://HOST:PORT/PATH")
    return host, int(port or 80), "/" + path


def _header(head, name):
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""
