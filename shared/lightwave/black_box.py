"""What a node's black box keeps and how it goes to the hub (PROTOCOL.md, "Records"). Both interpreters."""

from binascii import a2b_base64, b2a_base64
from struct import calcsize, pack, unpack, unpack_from

from .compat import const
from .records.page import Record

METRICS = "metrics"
EVENTS = "events"
AUDIO = "audio"
STREAMS = (METRICS, EVENTS, AUDIO)

# One line of metrics: name, and how many of its units the stored number has in one.
FIELDS = (
    ("fps_a", 10),
    ("fps_b", 10),
    ("loss_pct", 100),
    ("drift_us", 1),
    ("rtt_us", 1),
    ("bound_us", 1),
    ("start_us_p99", 1),
    ("heap_kb", 1),
    ("frames_late", 1),
    ("edges_late", 1),
    ("locked", 1),
)
AUDIO_FIELDS = (("peak", 1), ("rms", 1), ("bpm", 100), ("confidence_pct", 1))
_FIELDS = {METRICS: FIELDS, AUDIO: AUDIO_FIELDS}
_MOST = const(65535)

MAX_PACKED = const(1536)  # bytes of one message before base64
_HEAD = "<BBIIQ"
_HEAD_SIZE = const(18)


def pack_line(stream: str, values: dict) -> bytes:
    """A payload of u16: each value by its unit, what is too large or too small at its limit, what is missing 65535."""
    fields = _FIELDS[stream]
    numbers = []
    for name, unit in fields:
        value = values.get(name)
        numbers.append(_MOST if value is None else min(_MOST - 1, max(0, int(value * unit + 0.5))))
    return pack("<%dH" % len(fields), *numbers)


def unpack_line(stream: str, payload: bytes) -> dict:
    """What `pack_line` was given, as far as it was there; a shorter or longer payload of another version as well."""
    values = {}
    for place, (name, unit) in enumerate(_FIELDS[stream]):
        if 2 * place + 2 <= len(payload):
            number = unpack_from("<H", payload, 2 * place)[0]
            if number != _MOST:
                values[name] = number / unit if unit > 1 else number
    return values


def pack_batch(records: list) -> tuple:
    """As many of the first records as one message takes: their base64, and the last of them (None of none)."""
    parts = []
    size = 0
    last = None
    for record in records:
        length = _HEAD_SIZE + len(record.payload)
        if size + length > MAX_PACKED:
            break
        head = pack(_HEAD, record.kind, len(record.payload), record.boot, record.seq, record.time_us)
        parts.append(head + record.payload)
        size += length
        last = record
    return b2a_base64(b"".join(parts)).decode().strip(), last


def unpack_batch(text: str) -> list:
    """The records of `pack_batch`. Raises ValueError."""
    data = a2b_base64(text)
    if len(data) > MAX_PACKED:
        raise ValueError("has more than %d bytes" % MAX_PACKED)
    if not data:
        raise ValueError("is empty")
    records = []
    at = 0
    while at < len(data):
        if at + _HEAD_SIZE > len(data):
            raise ValueError("ends within a record")
        kind, size, boot, seq, time_us = unpack(_HEAD, data[at : at + _HEAD_SIZE])
        at += _HEAD_SIZE
        if kind > 2:
            raise ValueError("has a record of kind %d" % kind)
        if at + size > len(data):
            raise ValueError("ends within a record")
        records.append(Record(boot, seq, time_us, kind, data[at : at + size]))
        at += size
    return records


assert calcsize(_HEAD) == _HEAD_SIZE
