"""What comes over the network or lies on a disk, as functions of bytes. Each raises only when something is wrong.

Bytes that are refused as PROTOCOL.md says are no fault; a hang, any other exception or a broken promise is.
"""

import sys
from pathlib import Path

from lightwave import black_box, messages, packets
from lightwave.apply_queue import ApplyQueue
from lightwave.messages import MessageError
from lightwave.records.page import DATA
from lightwave.records.store import Settings, Store
from tests.dual.records_support import MemoryDisk

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests" / "node")]

from cpython_hardware import SystemClock  # noqa: E402
from node_support import Datagrams as Datagrams  # noqa: E402

from lightwave_node import kernels  # noqa: E402
from lightwave_node.stream import Stream  # noqa: E402
from lightwave_node.websocket import WebSocket, WebSocketError  # noqa: E402

TOKEN = "0123456789abcdef"
MOST_WAITING = 64


def message(data: bytes) -> None:
    """A message of the control plane, from either side: what is taken can be sent on, and means the same."""
    for sender in (messages.NODE, messages.HUB):
        try:
            taken = messages.parse(data, sender)
        except MessageError as error:
            assert len(error.field) <= 32 and len(error.detail) <= 200
            continue
        again = messages.parse(messages.build(**taken), sender)
        assert again == taken


def datagrams(data: bytes) -> None:
    """Datagrams that reach a node, each behind its length; the hash of the session's token is written for the fuzzer,
    which could not guess it."""
    queue = ApplyQueue()
    stream = Stream(_Still(), None, queue)
    stream.begin_session(TOKEN)
    secret = packets.token_hash(TOKEN).to_bytes(4, "little")
    at, came = 0, 0
    while at < len(data):
        length = data[at] % (packets.PACKET_SIZE + 2)
        datagram = bytearray(data[at + 1 : at + 1 + length])
        at += 1 + length
        if len(datagram) >= packets.HEADER_SIZE and datagram[0] == 1:
            datagram[packets.TOKEN_HASH_AT : packets.TOKEN_HASH_AT + 4] = secret
        stream._packet[: len(datagram)] = datagram
        stream.handle(len(datagram), 0)
        came += 1
    assert stream.accepted + stream.bad_packets <= came
    assert queue.waiting <= queue.high_water <= MOST_WAITING
    queue.clear()
    assert queue.waiting == 0


class _Still:
    """A clock for what asks it only when it is made."""

    def now(self) -> int:
        return 0


def websocket(data: bytes) -> None:
    """What a hub, or whoever is there instead, sends on the node's WebSocket after the handshake."""
    socket = WebSocket(SystemClock(), kernels)
    socket._connection = _Scripted(data)
    try:
        while True:
            text = socket.receive(1000)
            assert text is not None and len(text.encode()) <= messages.MAX_MESSAGE_BYTES
    except (WebSocketError, _NothingMore):
        pass


def handshake(data: bytes) -> None:
    """What answers a node that asks for a WebSocket. Nobody can guess the key, so nobody gets in."""
    socket = WebSocket(SystemClock(), kernels)
    connection = _Scripted(data)
    try:
        socket.open(connection, "192.168.4.1", "/ws", 1000)
    except (WebSocketError, _NothingMore):
        assert connection.closed
        return
    raise AssertionError("whoever that was has been let in")


class _NothingMore(OSError):
    pass


class _Scripted:
    """A connection on which these bytes arrive, the first half of what is asked for at a time, and then nothing."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.closed = False

    def read_into(self, target: memoryview) -> int:
        count = min(len(self._data), (len(target) + 1) // 2)
        target[:count] = self._data[:count]
        self._data = self._data[count:]
        return count

    def write(self, data: bytes) -> int:
        return len(data)

    def wait(self, _ms: int) -> None:
        if not self._data:
            raise _NothingMore

    def close(self) -> None:
        self.closed = True


def batch(data: bytes) -> None:
    """A node's upload of records, as the hub takes it apart."""
    try:
        records = black_box.unpack_batch(data.decode("ascii", "replace"))
    except ValueError:
        return
    text, last = black_box.pack_batch(records)
    assert last is None or black_box.unpack_batch(text) == records
    for record in records:
        for stream in (black_box.METRICS, black_box.AUDIO):
            black_box.unpack_line(stream, record.payload)


def segment(data: bytes) -> None:
    """A record store that finds these bytes as its newest segment: it starts, and what is appended then stays."""
    disk = MemoryDisk()
    writer = Store(disk, {"events": 2}, Settings(disk_share_pct=100))
    writer.append("events", b"first", 1)
    writer.flush()
    disk.replace(segment_of(disk), data)
    store = Store(disk, {"events": 2}, Settings(disk_share_pct=100))
    assert not store.failure
    before = [record for record in store.streams["events"].read(1_000_000) if record.kind == DATA]
    seq = store.append("events", b"new", 2)
    assert store.flush()
    after = list(Store(disk, {"events": 2}, Settings(disk_share_pct=100)).streams["events"].read(1_000_000))
    assert any(record.seq == seq and record.payload == b"new" for record in after)
    assert len(after) > len(before)


def segment_of(disk: MemoryDisk) -> str:
    return next(name for name in disk.names() if name.endswith(".seg"))
