"""What goes by UDP (PROTOCOL.md), the stream and the time pings: where each field lies, how it is written and read.

The hub writes with `pack_*`, into its own bytearray of PACKET_SIZE bytes. The node reads with `u8`, `u16`, `low30`
and `verdict`, which never allocate.
"""

from struct import pack_into, unpack_from

from . import ticks
from .compat import const, crc32
from .constants import PROTO_VER

PACKET_SIZE = const(64)
HEADER_SIZE = const(28)
PAYLOAD_MAX = const(36)

# Header.
PROTO_AT = const(0)
TYPE_AT = const(1)
PAYLOAD_LEN_AT = const(2)
SEQ_AT = const(4)
TOKEN_HASH_AT = const(8)
HUB_NOW_AT = const(12)
APPLY_AT = const(20)
PAYLOAD_AT = const(28)

PARAM_DELTA = const(0x01)
BEAT_TICK = const(0x02)
SCENE_CHANGE = const(0x03)
HEARTBEAT = const(0x04)
STATE = const(0x05)

# Beat, counted from its first byte; likewise the three below.
BEAT_SIZE = const(8)
BEAT_BPM_X100_AT = const(0)
BEAT_PHASE_AT = const(2)
BEAT_COUNT_AT = const(4)

# Channel block. A bit of an edge's mask is the place of the field in this order.
BLOCK_SIZE = const(12)
BLOCK_EFFECT_AT = const(0)
BLOCK_PALETTE_AT = const(2)
BLOCK_BRIGHTNESS_AT = const(4)
BLOCK_SPEED_AT = const(5)
BLOCK_INTENSITY_AT = const(6)
BLOCK_HUE_AT = const(7)
BLOCK_SATURATION_AT = const(8)
BLOCK_BLUR_AT = const(9)
BLOCK_FLAGS_AT = const(10)

FLAG_ENABLED = const(0x01)
FLAG_MIRROR = const(0x02)

MASK_EFFECT = const(0x001)
MASK_PALETTE = const(0x002)
MASK_BRIGHTNESS = const(0x004)
MASK_SPEED = const(0x008)
MASK_INTENSITY = const(0x010)
MASK_HUE = const(0x020)
MASK_SATURATION = const(0x040)
MASK_BLUR = const(0x080)
MASK_FLAGS = const(0x100)
MASK_ALL = const(0x1FF)

# Edge.
EDGE_SIZE = const(20)
EDGE_ID_AT = const(0)
EDGE_CHANNELS_AT = const(2)
EDGE_MASK_AT = const(4)
EDGE_FADE_AT = const(6)
EDGE_BLOCK_AT = const(8)
FADE_MS_MAX = const(10000)

CHANNEL_A = const(0x01)
CHANNEL_B = const(0x02)
CHANNEL_MASTER = const(0x04)

# State.
STATE_SIZE = const(36)
STATE_BEAT_AT = const(0)
STATE_EDGE_AT = const(8)
STATE_MASTER_AT = const(10)
STATE_FLAGS_AT = const(11)
STATE_BLOCK_A_AT = const(12)
STATE_BLOCK_B_AT = const(24)
FLAG_LIT = const(0x01)  # not blacked out

# Time pings and pongs, on a port of their own.
TS_SIZE = const(32)
TS_PROTO_AT = const(0)
TS_TYPE_AT = const(1)
TS_NODE_AT = const(2)
TS_SEQ_AT = const(4)
TS_HASH_AT = const(8)
TS_T1_AT = const(12)
TS_T2_AT = const(16)
TS_HELD_AT = const(24)

TS_PING = const(0x10)
TS_PONG = const(0x11)

# Verdicts on a received datagram.
ACCEPT = const(0)
BAD_LENGTH = const(1)
BAD_PROTO = const(2)
BAD_TYPE = const(3)
BAD_PAYLOAD = const(4)
BAD_TOKEN = const(5)

MAX_SEQ_GAP = const(1000)  # 10 s of stream: beyond that the hub counts anew, it is not loss
_LOSS_WINDOW_S = const(10)

PAYLOAD_LEN = bytes((0, EDGE_SIZE, BEAT_SIZE, EDGE_SIZE, 0, STATE_SIZE))  # by message type; type 0 does not exist


def token_hash(token: str) -> int:
    """What a session's datagrams carry in place of its token."""
    return crc32(token.encode("ascii"))


def pack_header(
    buf: bytearray, msg_type: int, payload_len: int, seq: int, token_hash: int, hub_now_us: int, apply_at_us: int
) -> None:
    pack_into("<BBHIIQQ", buf, 0, PROTO_VER, msg_type, payload_len, seq, token_hash, hub_now_us, apply_at_us)


def pack_address(buf: bytearray, seq: int, token_hash: int) -> None:
    """Turn a finished datagram into the same one for another node: only these two fields differ."""
    pack_into("<II", buf, SEQ_AT, seq, token_hash)


def pack_beat(buf: bytearray, at: int, bpm_x100: int, phase: int, beat: int) -> None:
    pack_into("<HHI", buf, at, bpm_x100, phase, beat)


def pack_block(
    buf: bytearray,
    at: int,
    effect: int,
    palette: int,
    brightness: int,
    speed: int,
    intensity: int,
    hue: int,
    saturation: int,
    blur: int,
    flags: int,
) -> None:
    pack_into("<HHBBBBBBBB", buf, at, effect, palette, brightness, speed, intensity, hue, saturation, blur, flags, 0)


def pack_edge(buf: bytearray, at: int, edge: int, channels: int, mask: int, fade_ms: int) -> None:
    """An edge without its block, which goes to `at + EDGE_BLOCK_AT`."""
    pack_into("<HBBHH", buf, at, edge, channels, 0, mask, fade_ms)


def pack_state_head(buf: bytearray, at: int, edge: int, master: int, flags: int) -> None:
    """The fields of a STATE between its beat and its blocks; `at` is where the STATE begins."""
    pack_into("<HBB", buf, at + STATE_EDGE_AT, edge, master, flags)


def u8(buf: bytearray, at: int) -> int:
    """HOT."""
    return buf[at]


def u16(buf: bytearray, at: int) -> int:
    """HOT."""
    return buf[at] | buf[at + 1] << 8


def low30(buf: bytearray, at: int) -> int:
    """The low 30 bits of the u32 or u64 at `at`. HOT."""
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | (buf[at + 3] & 0x3F) << 24


def next30(buf: bytearray, at: int) -> int:
    """Bits 30 to 59 of the u64 at `at`. HOT."""
    return buf[at + 3] >> 6 | buf[at + 4] << 2 | buf[at + 5] << 10 | buf[at + 6] << 18 | (buf[at + 7] & 0x0F) << 26


def put30(buf: bytearray, at: int, value: int) -> None:
    """Write 0..2^30-1 as the u32 at `at`. HOT."""
    buf[at] = value & 255
    buf[at + 1] = value >> 8 & 255
    buf[at + 2] = value >> 16 & 255
    buf[at + 3] = value >> 24


def hub_time(buf: bytearray, at: int) -> int:
    """The whole u64 at `at`. Allocates: not for the hot path."""
    return unpack_from("<Q", buf, at)[0]


def verdict(buf: bytearray, length: int, hash_low: int, hash_high: int) -> int:
    """Is this a datagram of our session? ACCEPT, or the first thing wrong with it. HOT.

    `length` is that of the datagram, `buf` may be longer. The token hash comes as two halves because a u32 is no
    small integer."""
    if length != PACKET_SIZE:
        return BAD_LENGTH
    if buf[PROTO_AT] != PROTO_VER:
        return BAD_PROTO
    msg_type = buf[TYPE_AT]
    if msg_type == 0 or msg_type > STATE:
        return BAD_TYPE
    if u16(buf, PAYLOAD_LEN_AT) != PAYLOAD_LEN[msg_type]:
        return BAD_PAYLOAD
    if u16(buf, TOKEN_HASH_AT) != hash_low or u16(buf, TOKEN_HASH_AT + 2) != hash_high:
        return BAD_TOKEN
    return ACCEPT


def pack_ts(
    buf: bytearray, kind: int, node_id: int, seq: int, token_hash: int, t1_us: int, t2_us: int = 0, held_us: int = 0
) -> None:
    """A TS_PING or TS_PONG. Allocates a little: the numbers above 30 bits, where there are some."""
    pack_into("<BBHIIIQII", buf, 0, PROTO_VER, kind, node_id, seq, token_hash, t1_us, t2_us, held_us, 0)


def is_pong(buf: bytearray, length: int, hash_low: int, hash_high: int) -> bool:
    """Is this a TS_PONG to our session? HOT. The token hash in two halves, as for `verdict`."""
    return (
        length == TS_SIZE
        and buf[TS_PROTO_AT] == PROTO_VER
        and buf[TS_TYPE_AT] == TS_PONG
        and u16(buf, TS_HASH_AT) == hash_low
        and u16(buf, TS_HASH_AT + 2) == hash_high
    )


class Sequence:
    """The sequence rules of PROTOCOL.md over the low 30 bits of `seq`. One thread; nothing allocates but creation."""

    def __init__(self) -> None:
        self._received_ring = [0] * _LOSS_WINDOW_S
        self._lost_ring = [0] * _LOSS_WINDOW_S
        self.reset()

    def reset(self) -> None:
        """A new session: whatever comes first is expected."""
        self.received = 0
        self.lost = 0
        self.duplicates = 0
        self.resyncs = 0
        self._expected = -1
        self._second = 0
        for i in range(_LOSS_WINDOW_S):
            self._received_ring[i] = 0
            self._lost_ring[i] = 0

    def accept(self, seq: int) -> bool:
        """Count the datagram numbered `seq`; False when it is a duplicate or came too late. HOT."""
        if self._expected >= 0:
            ahead = ticks.diff(seq, self._expected)
            if ahead < -MAX_SEQ_GAP or ahead > MAX_SEQ_GAP:
                self.resyncs += 1
            elif ahead < 0:
                self.duplicates += 1
                return False
            else:
                self.lost += ahead
                self._lost_ring[self._second] += ahead
        self._expected = ticks.add(seq, 1)
        self.received += 1
        self._received_ring[self._second] += 1
        return True

    def tick_second(self) -> None:
        """A second has passed: forget the oldest of the window's ten. HOT."""
        self._second = (self._second + 1) % _LOSS_WINDOW_S
        self._received_ring[self._second] = 0
        self._lost_ring[self._second] = 0

    def loss_permille(self) -> int:
        """Datagrams lost of those sent, in the running second and the nine before it, 0..1000."""
        lost = sum(self._lost_ring)
        sent = lost + sum(self._received_ring)
        return lost * 1000 // sent if sent else 0
