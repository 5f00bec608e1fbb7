"""The control plane (PROTOCOL.md): every message's fields as one table, from which messages are built and checked."""

from json import loads

from .black_box import STREAMS
from .compat import to_json
from .constants import PROTO_VER
from .fields import Ascii, Bool, Choice, FieldError, Hex, Int, List, Mac, Map, Number, Optional, Record, Text, shown
from .join import NONCE_BYTES
from .timesync import CLOCK_STATES

MAX_MESSAGE_BYTES = 4096
# Every nesting needs a bracket, and a parser meets each with memory or stack. The fullest message needs 3.
MAX_BRACKETS = 64

NODE = "node"
HUB = "hub"

# What a keepalive's `state` says the node is doing.
SYNCING = "syncing"
READY = "ready"
FALLBACK = "fallback"
UPDATING = "updating"
NODE_STATES = (SYNCING, READY, FALLBACK, UPDATING)

OTA_IDLE = "idle"
OTA_CHECKING = "checking"
OTA_DOWNLOADING = "downloading"
OTA_VERIFYING = "verifying"
OTA_WRITING = "writing"
OTA_REBOOTING = "rebooting"
OTA_DONE = "done"
OTA_FAILED = "failed"
OTA_STATES = (
    OTA_IDLE,
    OTA_CHECKING,
    OTA_DOWNLOADING,
    OTA_VERIFYING,
    OTA_WRITING,
    OTA_REBOOTING,
    OTA_DONE,
    OTA_FAILED,
)

# A preview (PROTOCOL.md, "Preview"), the one binary frame of the control plane.
PREVIEW_VERSION = 1
PREVIEW_CELLS = 60  # of a strip, at most
PREVIEW_FPS = 15  # at most
PREVIEW_HEAD = 4  # nodeId u16, version u8, channels u8

# Codes of `reject` and of MessageError.
BAD_JSON = "bad_json"
TOO_LARGE = "too_large"
BAD_TYPE = "bad_type"
BAD_FIELD = "bad_field"
BAD_PROTO = "bad_proto"
BAD_TOKEN = "bad_token"
ALREADY_HELLO = "already_hello"
HUB_FULL = "hub_full"
JOIN_KEY_MISSING = "join_key_missing"
JOIN_KEY_UNKNOWN = "join_key_unknown"
JOIN_KEY_WRONG = "join_key_wrong"
MAC_TAKEN = "mac_taken"
REJECT_CODES = (
    BAD_JSON,
    TOO_LARGE,
    BAD_TYPE,
    BAD_FIELD,
    BAD_PROTO,
    BAD_TOKEN,
    ALREADY_HELLO,
    HUB_FULL,
    JOIN_KEY_MISSING,
    JOIN_KEY_UNKNOWN,
    JOIN_KEY_WRONG,
    MAC_TAKEN,
)
CLOSING_CODES = (BAD_PROTO, HUB_FULL)  # these end the connection even when it was not the first message

_U8 = Int(0, 0xFF)
_U16_FROM_1 = Int(1, 0xFFFF)
_U32 = Int(0, 0xFFFFFFFF)
_U63 = Int(0, 0x7FFFFFFFFFFFFFFF)
_TICKS = Int(0, 0x3FFFFFFF)
_NAMES = List(1, 64, Text(1, 24))
_VERSION = Text(1, 32)
_SESSION = (("nodeId", _U16_FROM_1), ("token", Ascii(16, 64)))
_NONCE = Hex(2 * NONCE_BYTES)
_PROOF = Hex(64)
_SAFE = 1 << 53  # JSON readers that know only doubles keep integers exact up to here

# message -> (who sends it, its fields)
MESSAGES = {
    "hello": (
        NODE,
        Record(
            ("proto", _U8),
            ("mac", Mac()),
            ("fw", _VERSION),
            (
                "caps",
                Record(
                    ("udp", Bool()),
                    ("ota", Bool()),
                    ("clock", Bool()),
                    ("tsUdp", Optional(Bool())),
                    ("board", Optional(Text(0, 16))),
                    ("preview", Optional(Bool())),
                ),
            ),
            ("topo", Record(("leds", Int(1, 4096)), ("channels", Int(1, 2)))),
            ("nonce", Optional(_NONCE)),
        ),
    ),
    "challenge": (HUB, Record(("nonce", _NONCE), ("proof", _PROOF))),
    "proof": (NODE, Record(("proof", _PROOF))),
    "welcome": (
        HUB,
        Record(
            ("proto", _U8),
            *_SESSION,
            ("udpPort", _U16_FROM_1),
            ("hubEpoch_us", _U63),
            ("epoch", _U32),
            ("tsUdpPort", Optional(_U16_FROM_1)),
            ("records", Optional(Bool())),
        ),
    ),
    "catalog": (NODE, Record(*_SESSION, ("effects", _NAMES), ("palettes", _NAMES))),
    "ka": (
        NODE,
        Record(
            *_SESSION,
            ("rssi", Int(-127, 0)),
            ("loss_pct", Number(0, 100)),
            ("drift_us", _TICKS),
            ("uptime_s", _U32),
            ("state", Choice(NODE_STATES)),
            ("locked", Bool()),
            ("ticks", _U32),
            ("clock", Optional(Choice(CLOCK_STATES))),
            ("clock_reason", Optional(Text(0, 64))),
            ("clock_bound_us", Optional(_TICKS)),
            ("render_fps", Optional(List(1, 2, Number(0, 1000)))),
            ("heap_free", Optional(_U32)),
            ("stats", Optional(Map(64, Number(-_SAFE, _SAFE)))),
        ),
    ),
    "ts_ping": (NODE, Record(*_SESSION, ("seq", _U32), ("t1_us", _TICKS))),
    "ts_pong": (HUB, Record(("nodeId", _U16_FROM_1), ("seq", _U32), ("t1_us", _TICKS), ("t2_us", _U63))),
    "records": (
        NODE,
        Record(*_SESSION, ("stream", Choice(STREAMS)), ("up_us", _U63), ("boot_now", _U32), ("batch", Ascii(4, 2100))),
    ),
    "records_ack": (HUB, Record(("nodeId", _U16_FROM_1), ("stream", Choice(STREAMS)), ("boot", _U32), ("seq", _U32))),
    "preview": (HUB, Record(*_SESSION, ("fps", Int(0, PREVIEW_FPS)))),
    "ota_update": (
        HUB,
        Record(
            *_SESSION,
            ("version", _VERSION),
            ("url", Ascii(8, 256)),
            ("sha256", Hex(64)),
            ("statement", Optional(Ascii(2, 320))),
            ("signature", Optional(Hex(128))),
            ("unix_s", Optional(_U32)),
        ),
    ),
    "ota_status": (
        NODE,
        Record(
            *_SESSION,
            ("state", Choice(OTA_STATES)),
            ("pct", Int(0, 100)),
            ("version", Optional(_VERSION)),
            ("detail", Optional(Text(0, 128))),
        ),
    ),
    "reject": (HUB, Record(("code", Choice(REJECT_CODES)), ("field", Text(0, 32)), ("detail", Text(0, 200)))),
}


class MessageError(ValueError):
    """A message that breaks the contract: `code`, `field` ("" when none is at fault) and `detail` as in `reject`."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(code, field, detail)
        self.code = code
        self.field = field[:32]
        self.detail = detail[:200]

    def __str__(self) -> str:
        return "%s: %s %s" % (self.code, self.field, self.detail) if self.field else "%s: %s" % (self.code, self.detail)


def parse(text, sender: str) -> dict:
    """The fields of a message (str or UTF-8 bytes) that `sender` (NODE or HUB) sent, and "t". Raises MessageError.

    Only known fields are in the result, each checked; absent optional ones are not in it."""
    message = _load(text)
    if not isinstance(message, dict):
        raise MessageError(BAD_JSON, "", "a message must be a JSON object")
    name = message.get("t")
    if not isinstance(name, str) or name not in MESSAGES or MESSAGES[name][0] != sender:
        raise MessageError(BAD_TYPE, "t", "no message a %s may send" % sender)
    checked = _check(name, message)
    checked["t"] = name
    return checked


def build(t: str, **fields) -> str:
    """The JSON text of message `t`. Raises MessageError for what the other side's `parse` would refuse."""
    if t not in MESSAGES:
        raise MessageError(BAD_TYPE, "t", "unknown message")
    known = [name for name, _ in MESSAGES[t][1].fields]
    for name in fields:
        if name not in known:
            raise MessageError(BAD_FIELD, name, "is no field of " + t)
    checked = _check(t, fields)
    checked["t"] = t
    text = to_json(checked)
    _check_size(len(text.encode("utf-8")))
    _check_brackets(text)
    return text


def _check(name: str, fields: dict) -> dict:
    # an unknown version may mean anything by its other fields, so it is judged before them
    proto = fields.get("proto")
    if name in ("hello", "welcome") and isinstance(proto, int) and not isinstance(proto, bool) and proto != PROTO_VER:
        raise MessageError(BAD_PROTO, "proto", "must be %d, not %s" % (PROTO_VER, shown(proto)))
    try:
        return MESSAGES[name][1].check(fields, "")
    except FieldError as error:
        wrong = error
    raise MessageError(BAD_FIELD, wrong.field, wrong.detail)


def _load(text):
    """The value the JSON text stands for. The raises stand after their `except`: MicroPython warns of chaining."""
    try:
        if not isinstance(text, str):
            _check_size(len(text))
            text = str(text, "utf-8")
        _check_size(len(text.encode("utf-8")))
        _check_brackets(text)
        return loads(text)
    except MessageError:
        raise
    except (ValueError, TypeError):
        pass
    raise MessageError(BAD_JSON, "", "must be JSON in UTF-8")


def _check_size(size: int) -> None:
    if size > MAX_MESSAGE_BYTES:
        raise MessageError(TOO_LARGE, "", "must have at most %d bytes, not %d" % (MAX_MESSAGE_BYTES, size))


def _check_brackets(text: str) -> None:
    if text.count("{") + text.count("[") > MAX_BRACKETS:
        raise MessageError(BAD_JSON, "", "must have at most %d opening brackets" % MAX_BRACKETS)
