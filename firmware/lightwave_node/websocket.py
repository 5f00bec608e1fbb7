"""A WebSocket client (RFC 6455) for short messages, in fixed memory. It takes only text.

Works on any connection that offers wait(ms), read_into(memoryview), is_writable(), write(memoryview), close():
lightwave_hw/tcp.py on a node. One thread. Nothing here allocates by the byte.
"""

import os
from binascii import b2a_base64
from hashlib import sha1

from lightwave import ticks
from lightwave.compat import const

MAX_MESSAGE_BYTES = const(4096)  # the limit of the control plane, shared/PROTOCOL.md
MAX_SENT_BYTES = const(2560)  # a node says less: the longest is a catalogue of 2 x 40 names

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_MAX_RESPONSE_BYTES = const(1024)  # of the handshake; a hub's is 150
_MAX_CONTROL_BYTES = const(125)
_LENGTH_IN_TWO_BYTES = const(126)
_MASK_AT = const(4)  # in the buffer for sending
_PAYLOAD_AT = const(8)
_AT_HEADER = const(0)  # what is being read
_AT_LENGTH = const(1)
_AT_PAYLOAD = const(2)
_RETURN = const(13)
_NEWLINE = const(10)
_FIN = const(0x80)
_RESERVED = const(0x70)
_MASKED = const(0x80)
_CONTINUATION = const(0)
_TEXT = const(1)
_BINARY = const(2)
_CLOSE = const(8)
_PING = const(9)
_PONG = const(10)
_CLOSE_NORMAL = const(1000)
_CLOSE_PROTOCOL_ERROR = const(1002)
_CLOSE_NOT_TEXT = const(1003)
_CLOSE_BAD_UTF8 = const(1007)
_CLOSE_TOO_BIG = const(1009)


class WebSocketError(Exception):
    """The peer broke the protocol, or closed; the connection is of no more use. `code` is the close code."""

    def __init__(self, code, detail):
        super().__init__(detail)
        self.code = code
        self.detail = detail


class WebSocket:
    """`open` performs the handshake on a new connection; then `send` and `receive` texts until `close`, and `open`
    the next. Raises WebSocketError and OSError. Its buffers are made once, when memory is still in one piece."""

    def __init__(self, clock, kernels):
        self._connection = None
        self._clock = clock
        self._xor_mask = kernels.xor_mask
        self._out = bytearray(_PAYLOAD_AT + MAX_SENT_BYTES)
        self._out_view = memoryview(self._out)
        self._message = memoryview(bytearray(MAX_MESSAGE_BYTES))
        self._message_length = 0
        self._in_message = False  # its first frame has come, its last has not
        self._control = memoryview(bytearray(_MAX_CONTROL_BYTES))
        self._header = memoryview(bytearray(4))
        self._opcode = 0
        self._final = False
        self.received_at = 0  # local time at which the last frame's first byte was read
        self._expect_header()

    def open(self, connection, host, path, timeout_ms):
        """Take over a fresh connection and shake hands on it; it is closed when that fails."""
        self._connection = connection
        self._message_length = 0
        self._in_message = False
        self._expect_header()
        try:
            self._shake_hands(host, path, ticks.add(self._clock.now(), timeout_ms * 1000))
        except (WebSocketError, OSError):
            connection.close()
            raise

    def send(self, text):
        """Send one text message."""
        data = text.encode()
        if len(data) > MAX_SENT_BYTES:
            raise ValueError("a node's message has at most %d bytes" % MAX_SENT_BYTES)
        self._send_frame(_TEXT, data)

    def offer(self, view):
        """Send a memoryview as a binary message, if the connection takes it at once; whether it did."""
        if not self._connection.is_writable():
            return False
        self._send_frame(_BINARY, view)
        return True

    def receive(self, timeout_ms):
        """The next text message, or None when none is complete in time. Answers pings on the way."""
        deadline = ticks.add(self._clock.now(), timeout_ms * 1000)
        while True:
            text = self._read_what_is_there()
            if text is not None:
                return text
            left_us = ticks.diff(deadline, self._clock.now())
            if left_us <= 0:
                return None
            self._connection.wait(left_us // 1000 + 1)

    def close(self, code=_CLOSE_NORMAL):
        """Say goodbye where that is possible, and close the connection."""
        try:
            self._send_frame(_CLOSE, bytes((code >> 8, code & 255)))
        except OSError:
            pass
        self._connection.close()

    # ---- frames -----------------------------------------------------------------------------------------------

    def _expect_header(self):
        self._step = _AT_HEADER
        self._target = self._header[:2]
        self._got = 0

    def _expect_payload(self, length):
        if self._opcode >= _CLOSE:
            target = self._control[:length]
        else:
            target = self._message[self._message_length : self._message_length + length]
        self._step = _AT_PAYLOAD
        self._target = target
        self._got = 0

    def _read_what_is_there(self):
        """Go on reading the current frame; the text of the message that it completes, or None."""
        while True:
            if self._got < len(self._target):
                count = self._connection.read_into(self._target[self._got :])
                if not count:
                    return None
                if self._step == _AT_HEADER and not self._got:
                    self.received_at = self._clock.now()
                self._got += count
            if self._got == len(self._target):
                text = self._take_part()
                if text is not None:
                    return text

    def _take_part(self):
        """A header or a payload is complete."""
        if self._step == _AT_HEADER:
            self._take_header()
        elif self._step == _AT_LENGTH:
            self._check_length(self._header[2] << 8 | self._header[3])
        else:
            length = self._got
            self._expect_header()
            if self._opcode < _CLOSE:
                return self._take_data(length)
            self._take_control(self._control[:length])
        return None

    def _take_header(self):
        first, second = self._header[0], self._header[1]
        self._opcode = first & 15
        self._final = first & _FIN != 0
        length = second & 127
        if first & _RESERVED:
            self._fail(_CLOSE_PROTOCOL_ERROR, "a reserved bit is set")
        if second & _MASKED:
            self._fail(_CLOSE_PROTOCOL_ERROR, "a frame from the server is masked")
        if self._opcode >= _CLOSE:
            if self._opcode > _PONG or not self._final or length > _MAX_CONTROL_BYTES:
                self._fail(_CLOSE_PROTOCOL_ERROR, "a bad control frame")
        elif self._opcode > _TEXT:
            self._fail(_CLOSE_NOT_TEXT, "a frame that is not text")
        elif (self._opcode == _CONTINUATION) != self._in_message:
            self._fail(_CLOSE_PROTOCOL_ERROR, "a fragment out of order")
        if length > _LENGTH_IN_TWO_BYTES:
            self._fail(_CLOSE_TOO_BIG, "a frame of more than 65535 bytes")
        if length == _LENGTH_IN_TWO_BYTES:
            self._step = _AT_LENGTH
            self._target = self._header[2:4]
            self._got = 0
        else:
            self._check_length(length)

    def _check_length(self, length):
        if self._opcode < _CLOSE and self._message_length + length > MAX_MESSAGE_BYTES:
            self._fail(_CLOSE_TOO_BIG, "a message of more than %d bytes" % MAX_MESSAGE_BYTES)
        self._expect_payload(length)

    def _take_data(self, length):
        self._message_length += length
        self._in_message = not self._final
        if not self._final:
            return None
        length = self._message_length
        self._message_length = 0
        try:
            return str(self._message[:length], "utf-8")
        except ValueError:
            self._fail(_CLOSE_BAD_UTF8, "a message that is not UTF-8")

    def _take_control(self, payload):
        if self._opcode == _PING:
            self._send_frame(_PONG, payload)
        elif self._opcode == _CLOSE:
            code = payload[0] << 8 | payload[1] if len(payload) >= 2 else _CLOSE_NORMAL
            try:
                reason = str(payload[2:], "utf-8")
            except ValueError:
                reason = ""
            self.close(code)
            raise WebSocketError(code, "closed by the hub: %d %s" % (code, reason))

    def _fail(self, code, detail):
        self.close(code)
        raise WebSocketError(code, detail)

    def _send_frame(self, opcode, payload):
        """One whole frame in one write: header, mask and payload side by side, whatever the header's length."""
        length = len(payload)
        out = self._out
        if length < _LENGTH_IN_TWO_BYTES:
            begin = _MASK_AT - 2
            out[begin + 1] = _MASKED | length
        else:
            begin = _MASK_AT - 4
            out[begin + 1] = _MASKED | _LENGTH_IN_TWO_BYTES
            out[begin + 2] = length >> 8
            out[begin + 3] = length & 255
        out[begin] = _FIN | opcode
        mask = os.urandom(4)
        out[_MASK_AT:_PAYLOAD_AT] = mask
        out[_PAYLOAD_AT : _PAYLOAD_AT + length] = payload
        self._xor_mask(out, _PAYLOAD_AT, length, mask)
        self._connection.write(self._out_view[begin : _PAYLOAD_AT + length])

    # ---- handshake --------------------------------------------------------------------------------------------

    def _shake_hands(self, host, path, deadline):
        key = b2a_base64(os.urandom(16)).decode().strip()
        request = (
            "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path, host, key)
        )
        self._connection.write(memoryview(request.encode()))
        status, headers = self._read_response(deadline)
        accept = b2a_base64(sha1(key.encode() + _GUID).digest()).decode().strip()
        if status.split(" ")[1:2] != ["101"]:
            raise WebSocketError(_CLOSE_PROTOCOL_ERROR, "the hub answered " + status[:64])
        if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in headers.get("connection", "").lower():
            raise WebSocketError(_CLOSE_PROTOCOL_ERROR, "the hub did not upgrade the connection")
        if headers.get("sec-websocket-accept") != accept:
            raise WebSocketError(_CLOSE_PROTOCOL_ERROR, "the hub's accept key is wrong")

    def _read_response(self, deadline):
        """The status line and the headers. Byte by byte, because frames may follow without a gap."""
        response = bytearray(_MAX_RESPONSE_BYTES)
        byte = memoryview(bytearray(1))
        length = 0
        while not _ends_head(response, length):
            if length == _MAX_RESPONSE_BYTES:
                raise WebSocketError(_CLOSE_TOO_BIG, "the answer has more than %d bytes" % _MAX_RESPONSE_BYTES)
            if self._connection.read_into(byte):
                response[length] = byte[0]
                length += 1
                continue
            left_us = ticks.diff(deadline, self._clock.now())
            if left_us <= 0:
                raise WebSocketError(_CLOSE_PROTOCOL_ERROR, "the hub did not answer in time")
            self._connection.wait(left_us // 1000 + 1)
        try:
            lines = str(memoryview(response)[: length - 4], "utf-8").split("\r\n")
        except ValueError:
            raise WebSocketError(_CLOSE_BAD_UTF8, "the answer is not text") from None
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return lines[0], headers


def _ends_head(response, length):
    """Do the first `length` bytes end with an empty line?"""
    return (
        length >= 4
        and response[length - 1] == response[length - 3] == _NEWLINE
        and response[length - 2] == response[length - 4] == _RETURN
    )
