"""What a release says of itself, and the checks a node makes of it before it changes anything.

The statement is what gets signed (Ed25519, ed25519.py). It has exactly one form in bytes, little-endian:

| at | field | type | meaning |
|---|---|---|---|
| 0 | magic | 4 bytes | `K1R1` |
| 4 | kind | u8 | 1 firmware (an ESP32-S3 application image), 2 app (the compiled application, app_archive.py) |
| 5 | size | u32 | bytes of the image |
| 9 | counter | u32 | grows with every statement; a node takes none below the newest it has proved healthy |
| 13 | expires | u32 | Unix seconds after which no node takes it |
| 17 | sha256 | 32 bytes | of the whole image |
| 49 | name, board, version | each u8 length and ASCII | what it is, for which board, what hello's `fw` will say |
"""

from binascii import hexlify, unhexlify

from .fields import Ascii, Choice, FieldError, Hex, Int, Record

NAME = "k1"  # the only product whose releases a node takes
FIRMWARE = "firmware"
APP = "app"
KINDS = (FIRMWARE, APP)
# What a board takes: our own image carries the node's modules; a stock one has a single slot and keeps them as files.
BOARDS = {"K1_S3": FIRMWARE, "GENERIC_S3": APP}
MAX_SIZES = {FIRMWARE: 0x2F0000, APP: 512 * 1024}  # an application slot; a third of the smallest file system
MAX_STATEMENT_SIZE = 160

_MAGIC = b"K1R1"
_FIXED = 49
_U32 = Int(0, 0xFFFFFFFF)
_RULES = Record(
    ("kind", Choice(KINDS)),
    ("size", Int(1, max(MAX_SIZES.values()))),
    ("counter", Int(1, 0xFFFFFFFF)),
    ("expires", _U32),
    ("sha256", Hex(64)),
    ("name", Ascii(1, 16)),
    ("board", Ascii(1, 16)),
    ("version", Ascii(1, 32)),
)
_TEXTS = ("name", "board", "version")


class ReleaseError(ValueError):
    """`field` is what is wrong with the release, `detail` why; together they fit an ota_status."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(field, detail)
        self.field = field
        self.detail = detail

    def __str__(self) -> str:
        return "%s: %s" % (self.field, self.detail)


def encode(statement: dict) -> bytes:
    """The bytes to sign. Raises ReleaseError."""
    checked = _checked(statement)
    parts = [_MAGIC, bytes([KINDS.index(checked["kind"]) + 1])]
    parts += [checked[name].to_bytes(4, "little") for name in ("size", "counter", "expires")]
    parts.append(unhexlify(checked["sha256"]))
    for name in _TEXTS:
        parts.append(bytes([len(checked[name])]) + checked[name].encode())
    return b"".join(parts)


def decode(data: bytes) -> dict:
    """The fields of a statement. Raises ReleaseError for bytes that `encode` would not have made."""
    if len(data) < _FIXED or data[:4] != _MAGIC or not 1 <= data[4] <= len(KINDS):
        raise ReleaseError("statement", "is none that this version knows")
    statement = {
        "kind": KINDS[data[4] - 1],
        "size": int.from_bytes(data[5:9], "little"),
        "counter": int.from_bytes(data[9:13], "little"),
        "expires": int.from_bytes(data[13:17], "little"),
        "sha256": hexlify(data[17:_FIXED]).decode(),
    }
    at = _FIXED
    for name in _TEXTS:
        end = at + 1 + (data[at] if at < len(data) else 0)
        statement[name] = _ascii(name, data[at + 1 : end])
        at = end
    if at != len(data):
        raise ReleaseError("statement", "has %d bytes, not the %d its fields need" % (len(data), at))
    return _checked(statement)


def check_fit(statement: dict, board: str, counter: int, unix_s: int) -> None:
    """Is it ours, for this board, not older than `counter`, and not expired at `unix_s`? Raises ReleaseError."""
    if statement["name"] != NAME:
        raise ReleaseError("name", "is %s, and this node is a %s" % (statement["name"], NAME))
    if statement["board"] != board:
        raise ReleaseError(
            "board", "is %s, and this node is a %s" % (statement["board"], board or "board without name")
        )
    if BOARDS.get(board) != statement["kind"]:
        raise ReleaseError("kind", "%s is not what a %s takes" % (statement["kind"], board))
    if statement["counter"] < counter:
        raise ReleaseError("counter", "%d is older than %d, which was taken" % (statement["counter"], counter))
    if statement["expires"] < unix_s:
        raise ReleaseError("expires", "it expired %d s ago" % (unix_s - statement["expires"]))


def _checked(statement: dict) -> dict:
    try:
        checked = _RULES.check(statement, "")
    except FieldError as error:
        raise ReleaseError(error.field, error.detail) from None
    limit = MAX_SIZES[checked["kind"]]
    if checked["size"] > limit:
        raise ReleaseError("size", "%d is more than the %d bytes of %s" % (checked["size"], limit, checked["kind"]))
    return checked


def _ascii(name: str, data: bytes) -> str:
    try:
        return str(data, "ascii")
    except ValueError:
        raise ReleaseError(name, "must be ASCII") from None
