"""`python -m tests.fuzz.make_corpus`: writes the inputs that fuzzing begins with, one file each, from valid examples.

Files that are there already stay: inputs that once broke something are kept beside them by hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from lightwave import black_box, messages, release
from lightwave.records.page import Record
from lightwave.records.store import Settings, Store
from tests.dual.message_examples import VALID
from tests.dual.records_support import MemoryDisk
from tests.fuzz import hub_targets, session_target
from tests.fuzz.wire_targets import TOKEN, Datagrams, segment_of
from tests.hub import ota_support

CORPUS = Path(__file__).parent / "corpus"
LOOK = {"effect": "pulse", "palette": "ocean", "brightness": 200, "hue": 10, "mirror": True}
SCENE = {"id": "one", "name": "One", "fade_ms": 500, "channels": {"a": LOOK, "b": {"effect": "fire"}}}
CUES = {
    "id": "night",
    "name": "Night",
    "cues": [
        {"scene": "one", "trigger": {"kind": "go"}},
        {"scene": "one", "trigger": {"kind": "bars", "bars": 4}, "fade_ms": 900},
        {"scene": "one", "trigger": {"kind": "at", "time": "21:30"}},
        {"scene": "one", "trigger": {"kind": "follow", "after_ms": 1500}},
    ],
}
SCHEDULE = {"id": "open", "name": "Open", "days": ["fri", "sat"], "time": "18:00", "action": {"cue_list": "night"}}
NODE = {"mac": "AA:BB:CC:DD:EE:0F", "name": "left", "order": 2, "enabled": False}
GROUP = {"id": "front", "name": "Front", "nodes": ["AA:BB:CC:DD:EE:0F"]}
BODIES = {  # the name of a model: an example
    "Show": {"nodes": [NODE], "groups": [GROUP], "scenes": [SCENE], "cues": [CUES], "schedule": [SCHEDULE]},
    "Scene": {**SCENE, "target": {"group": "front"}},
    "Group": GROUP,
    "CueList": CUES,
    "Schedule": SCHEDULE,
    "ShowNode": NODE,
    "PlayNow": {"channels": "a", "effect": 3, "palette": "lava", "params": {"hue": 9}, "quantise": "bar"},
    "ByteValue": {"value": 255, "fade_ms": 10000},
    "Blackout": {"on": True},
}
SETTINGS = {
    "hub": {"name": "K1", "host": "0.0.0.0", "port": 80},
    "stream": {"udp_port": 49152},
    "show": {"bpm": 120.5, "master": 200},
    "limits": {"nodes": 64},
}


def corpus() -> Iterator[tuple[str, str, bytes]]:
    """(target, name, input)"""
    for name, fields in VALID.items():
        yield "message", name, messages.build(name, **fields).encode()
    talk = [_from_first_node(name).encode() for name in ("hello", "catalog", "ka", "ts_ping", "records")]
    yield "session", "joining", session_target.BETWEEN.join(talk)
    preview = bytes([session_target.BINARY, 1, 0, 1, 2, 1, 9, 9, 9, 1, 8, 8, 8])
    yield "session", "preview", session_target.BETWEEN.join([talk[0], preview, talk[2]])
    yield "datagrams", "session", b"".join(_datagrams())
    for name, datagram in zip(("state", "edge", "beat", "heartbeat"), _datagrams(), strict=True):
        yield "datagrams", name, datagram
    yield "websocket", "messages", b"\x81\x05hello\x01\x03one\x80\x03two\x89\x04ping\x81\x7e\x01\x00" + b"x" * 256
    yield "websocket", "close", b"\x8a\x00\x88\x04\x03\xe8ok"
    yield (
        "handshake",
        "switching",
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        ),
    )
    yield "handshake", "refused", b"HTTP/1.1 503 Service Unavailable\r\n\r\ntoo many connections"
    records = [Record(2, 7, 1_000_000, 0, b"\x01\x02\x03\x04"), Record(2, 8, 2_000_000, 0, bytes(22))]
    yield "batch", "two", black_box.pack_batch(records)[0].encode()
    yield "segment", "whole", _segment()
    yield "segment", "cut", _segment()[:-30]
    for number, model in enumerate(hub_targets.MODELS):
        yield "body", model.__name__, bytes([number]) + json.dumps(BODIES[model.__name__]).encode()
    yield "image", "firmware", ota_support.firmware(payload=bytes(64))
    yield "image", "app", ota_support.app([("lightwave_hw/start.mpy", b"start"), ("a/b.mpy", b"x" * 40)])
    yield "archive", "app", ota_support.app([("lightwave_hw/start.mpy", b"start"), ("a/b.mpy", b"x" * 40)])
    for kind, board in (("firmware", "K1_S3"), ("app", "GENERIC_S3")):
        yield "statement", kind, _statement(kind, board)
    yield "settings", "all", json.dumps(SETTINGS).encode()


def _from_first_node(name: str) -> str:
    """A valid example as the one node of a hub without a join key says it."""
    fields = {key: value for key, value in VALID[name].items() if key != "nonce"}
    return messages.build(name, **({**fields, "nodeId": 1} if "nodeId" in fields else fields))


def _datagrams() -> Iterator[bytes]:
    """Each with its length before it, as the target reads them."""
    hub = Datagrams(TOKEN)
    later = hub.edge(1_010_000, 7, fade_ms=500, apply_at=9_000_000)
    for datagram in (hub.state(1_000_000), later, hub.beat(1_020_000), hub.heartbeat(1_030_000)):
        yield bytes([len(datagram)]) + datagram


def _segment() -> bytes:
    disk = MemoryDisk()
    store = Store(disk, {"events": 2}, Settings(disk_share_pct=100))
    for number in range(5):
        store.append("events", b"record %d" % number, number)
    store.flush()
    name = segment_of(disk)
    data = bytearray(disk.size(name))
    disk.read(name, 0, data)
    return bytes(data)


def _statement(kind: str, board: str) -> bytes:
    fields = {"name": "k1", "version": "2.8.0", "kind": kind, "board": board, "size": 1000, "sha256": "ab" * 32}
    return release.encode({**fields, "counter": 7, "expires": 4_000_000_000})


if __name__ == "__main__":
    for target, name, data in corpus():
        path = CORPUS / target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(data)
            print(path.relative_to(CORPUS))
