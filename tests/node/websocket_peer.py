"""A WebSocket server of one connection that says byte for byte what a test wants."""

import base64
import hashlib
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", final=True, reserved=0):
    """As a server sends it: not masked."""
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += bytes([126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([127]) + struct.pack(">Q", len(payload))
    return head + payload


class Peer:
    """Listens; `accept` takes the next connection and shakes hands (or answers `response`)."""

    def __init__(self, address="127.0.0.1"):
        self._listener = socket.create_server((address, 0))
        self._listener.settimeout(10)
        self.port = self._listener.getsockname()[1]
        self.connection = None

    def accept(self, response=None, then=b""):
        connection, _ = self._listener.accept()
        connection.settimeout(10)
        self.hang_up()
        self.connection = connection
        try:
            self._answer(connection, response, then)
        except BaseException:
            connection.close()
            raise
        return self

    def _answer(self, connection, response, then):
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(1000)
        self.request = request.decode()
        if response is None:
            response = self.handshake(request)
        connection.sendall(response + then)

    def handshake(self, request):
        lines = request.decode().split("\r\n")
        key = next(line.split(": ")[1] for line in lines if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nServer: test\r\n\r\n"
        ).encode()

    def accept_in_background(self, *arguments, **options):
        thread = threading.Thread(target=self.accept, args=arguments, kwargs=options, daemon=True)
        thread.start()
        return thread

    def send(self, data):
        self.connection.sendall(data)

    def read(self):
        """The next frame: (opcode, payload), unmasked; None at the end of the connection."""
        head = self._exactly(2)
        if head is None:
            return None
        assert head[0] & 0x80 and head[1] & 0x80, "clients send whole, masked frames"
        length = head[1] & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        mask = self._exactly(4)
        payload = self._exactly(length) if length else b""
        return head[0] & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.connection.recv(count - len(data))
            except ConnectionError:
                return None
            if not more:
                return None
            data += more
        return data

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def close(self):
        self.hang_up()
        self._listener.close()
