from binascii import unhexlify

from dual_support import cases, no_allocation, raises

from lightwave import packets
from lightwave.compat import crc32

TOKEN = "0123456789abcdef"
HASH = crc32(TOKEN.encode())
HASH_LOW = HASH & 0xFFFF
HASH_HIGH = HASH >> 16


def hexed(buf):
    return "".join("%02x" % byte for byte in buf)


def padded(text):
    """Hex digits, spaces between fields, as a whole datagram."""
    digits = text.replace(" ", "")
    return digits + "00" * (packets.PACKET_SIZE - len(digits) // 2)


def datagram(msg_type=packets.HEARTBEAT):
    buf = bytearray(packets.PACKET_SIZE)
    packets.pack_header(buf, msg_type, packets.PAYLOAD_LEN[msg_type], 1, HASH, 2, 3)
    return buf


PARTS = (
    (
        "header",
        lambda buf: packets.pack_header(
            buf, packets.STATE, 36, 0x01020304, 0xDEADBEEF, 0x1122334455667788, 0x99AABBCCDDEEFF00
        ),
        "0105 2400 04030201 efbeadde 8877665544332211 00ffeeddccbbaa99",
    ),
    ("address", lambda buf: packets.pack_address(buf, 0xFFFFFFFF, 1), "00000000 ffffffff 01000000"),
    ("beat", lambda buf: packets.pack_beat(buf, 1, 12850, 0x8001, 0xFFFFFFFE), "00 3232 0180 feffffff"),
    ("block", lambda buf: packets.pack_block(buf, 0, 258, 3, 4, 5, 6, 7, 8, 9, 3), "0201 0300 040506070809 0300"),
    ("edge", lambda buf: packets.pack_edge(buf, 2, 0xABCD, 7, 0x1FF, 10000), "0000 cdab 07 00 ff01 1027"),
    ("state_head", lambda buf: packets.pack_state_head(buf, 0, 0x1234, 200, 1), "0000000000000000 3412 c8 01"),
)


@cases(globals(), PARTS)
def test_bytes_of(pack, expected):
    buf = bytearray(packets.PACKET_SIZE)
    pack(buf)
    assert hexed(buf) == padded(expected)


def test_bytes_of_a_whole_scene_change():
    buf = datagram(packets.SCENE_CHANGE)
    at = packets.PAYLOAD_AT
    packets.pack_edge(buf, at, 5, packets.CHANNEL_A | packets.CHANNEL_B, packets.MASK_ALL, 250)
    packets.pack_block(buf, at + packets.EDGE_BLOCK_AT, 1, 2, 255, 128, 64, 32, 16, 8, packets.FLAG_ENABLED)
    assert hexed(buf) == padded(
        "0103 1400 01000000 33f0c468 0200000000000000 0300000000000000"
        "0500 03 00 ff01 fa00"
        "0100 0200 ff 80 40 20 10 08 01 00"
    )


def test_bytes_of_a_whole_state():
    buf = datagram(packets.STATE)
    at = packets.PAYLOAD_AT
    packets.pack_beat(buf, at + packets.STATE_BEAT_AT, 12000, 0x4000, 9)
    packets.pack_state_head(buf, at, 6, 254, packets.FLAG_LIT)
    packets.pack_block(buf, at + packets.STATE_BLOCK_A_AT, 1, 2, 3, 4, 5, 6, 7, 8, 1)
    packets.pack_block(buf, at + packets.STATE_BLOCK_B_AT, 9, 10, 11, 12, 13, 14, 15, 16, 3)
    assert hexed(buf) == padded(
        "0105 2400 01000000 33f0c468 0200000000000000 0300000000000000"
        "e02e 0040 09000000 0600 fe 01"
        "0100 0200 030405060708 01 00"
        "0900 0a00 0b0c0d0e0f10 03 00"
    )


def test_token_hash_is_crc32():
    assert packets.token_hash(TOKEN) == HASH == 0x68C4F033


def test_sizes_agree():
    assert packets.HEADER_SIZE + packets.PAYLOAD_MAX == packets.PACKET_SIZE
    assert packets.EDGE_BLOCK_AT + packets.BLOCK_SIZE == packets.EDGE_SIZE
    assert packets.STATE_BLOCK_B_AT + packets.BLOCK_SIZE == packets.STATE_SIZE == packets.PAYLOAD_MAX


FIELDS = (
    ("u8", packets.u8, "ff", 0xFF),
    ("u16", packets.u16, "0280", 0x8002),
    ("low30_of_u32", packets.low30, "ffffffff", 0x3FFFFFFF),
    ("low30_drops_two_bits", packets.low30, "010000c0", 1),
    ("low30_of_u64", packets.low30, "0403027f 01000000", 0x3F020304),
)


@cases(globals(), FIELDS)
def test_read(reader, text, expected):
    buf = bytearray(unhexlify(text.replace(" ", "")))
    with no_allocation:
        value = reader(buf, 0)
    assert value == expected


def test_read_whole_hub_time():
    buf = datagram()
    packets.pack_header(buf, packets.STATE, 36, 1, 2, 0xFEDCBA9876543210, 5)
    assert packets.hub_time(buf, packets.HUB_NOW_AT) == 0xFEDCBA9876543210


VERDICTS = (
    ("good", 0, None, 64, packets.ACCEPT),
    ("empty", 0, None, 0, packets.BAD_LENGTH),
    ("short", 0, None, 63, packets.BAD_LENGTH),
    ("long", 0, None, 65, packets.BAD_LENGTH),
    ("proto_0", packets.PROTO_AT, 0, 64, packets.BAD_PROTO),
    ("proto_2", packets.PROTO_AT, 2, 64, packets.BAD_PROTO),
    ("type_0", packets.TYPE_AT, 0, 64, packets.BAD_TYPE),
    ("type_6", packets.TYPE_AT, 6, 64, packets.BAD_TYPE),
    ("type_255", packets.TYPE_AT, 255, 64, packets.BAD_TYPE),
    ("type_of_another_length", packets.TYPE_AT, packets.STATE, 64, packets.BAD_PAYLOAD),
    ("payload_too_long", packets.PAYLOAD_LEN_AT, 1, 64, packets.BAD_PAYLOAD),
    ("payload_far_too_long", packets.PAYLOAD_LEN_AT + 1, 1, 64, packets.BAD_PAYLOAD),
    ("hash_byte_0", packets.TOKEN_HASH_AT, 0, 64, packets.BAD_TOKEN),
    ("hash_byte_1", packets.TOKEN_HASH_AT + 1, 0, 64, packets.BAD_TOKEN),
    ("hash_byte_2", packets.TOKEN_HASH_AT + 2, 0, 64, packets.BAD_TOKEN),
    ("hash_byte_3", packets.TOKEN_HASH_AT + 3, 0, 64, packets.BAD_TOKEN),
)


@cases(globals(), VERDICTS)
def test_verdict(at, byte, length, expected):
    buf = datagram()
    if byte is not None:
        buf[at] = byte
    with no_allocation:
        verdict = packets.verdict(buf, length, HASH_LOW, HASH_HIGH)
    assert verdict == expected


def test_every_type_is_accepted_with_its_length():
    for msg_type in range(packets.PARAM_DELTA, packets.STATE + 1):
        assert packets.verdict(datagram(msg_type), 64, HASH_LOW, HASH_HIGH) == packets.ACCEPT


def sequence_after(*seqs):
    sequence = packets.Sequence()
    with no_allocation:
        for seq in seqs:
            sequence.accept(seq)
    return sequence


SEQUENCES = (  # seqs, received, lost, duplicates, resyncs
    ("first_is_any", (77,), 1, 0, 0, 0),
    ("in_order", (0, 1, 2), 3, 0, 0, 0),
    ("gap", (5, 8), 2, 2, 0, 0),
    ("duplicate", (5, 5, 6), 2, 0, 1, 0),
    ("late", (5, 7, 6), 2, 1, 1, 0),
    ("largest_gap", (0, 1001), 2, 1000, 0, 0),
    ("jump_ahead", (0, 1002), 2, 0, 0, 1),
    ("largest_step_back", (1000, 1), 1, 0, 1, 0),
    ("jump_back", (1000, 0), 2, 0, 0, 1),
    ("over_the_wrap", (0x3FFFFFFF, 0, 1), 3, 0, 0, 0),
    ("gap_over_the_wrap", (0x3FFFFFFE, 1), 2, 2, 0, 0),
    ("late_over_the_wrap", (0x3FFFFFFF, 0, 0x3FFFFFFF), 2, 0, 1, 0),
)


@cases(globals(), SEQUENCES)
def test_sequence(seqs, received, lost, duplicates, resyncs):
    got = sequence_after(*seqs)
    assert (got.received, got.lost, got.duplicates, got.resyncs) == (received, lost, duplicates, resyncs)


def test_sequence_reset_begins_anew():
    sequence = sequence_after(1, 5)
    sequence.reset()
    assert sequence.accept(500) and sequence.lost == 0 and sequence.resyncs == 0


def test_loss_is_of_the_last_ten_seconds():
    sequence = packets.Sequence()
    assert sequence.loss_permille() == 0
    for seq in range(100):
        if seq % 4:
            sequence.accept(seq)
    assert sequence.loss_permille() == 24 * 1000 // 99  # nobody can know of the first one
    for _ in range(9):
        with no_allocation:
            sequence.tick_second()
    assert sequence.loss_permille() > 0
    sequence.tick_second()
    assert sequence.loss_permille() == 0


def test_pack_refuses_what_does_not_fit():
    with raises(Exception):
        packets.pack_beat(bytearray(7), 0, 1, 1, 1)


def test_bytes_of_a_time_ping_and_its_pong():
    buf = bytearray(packets.TS_SIZE)
    packets.pack_ts(buf, packets.TS_PING, 258, 0x01020304, 0xDEADBEEF, 0x3FFFFFFF)
    assert hexed(buf) == "0110020104030201efbeaddeffffff3f" + "00" * 16
    packets.pack_ts(buf, packets.TS_PONG, 258, 5, 1, 7, 0x0102030405060708, 9)
    assert hexed(buf) == "0111020105000000010000000700000008070605040302010900000000000000"


def test_thirty_bits_at_a_time_without_allocation():
    buf = bytearray(packets.TS_SIZE)
    for hub_us in (0, 1, (1 << 30) - 1, 1 << 30, 0x0102030405060708, (1 << 60) - 1):
        packets.pack_ts(buf, packets.TS_PONG, 1, 0, 0, 0, hub_us)
        with no_allocation:
            low, above = packets.low30(buf, packets.TS_T2_AT), packets.next30(buf, packets.TS_T2_AT)
            packets.put30(buf, packets.TS_T1_AT, low)
        assert above << 30 | low == hub_us
        assert packets.low30(buf, packets.TS_T1_AT) == low


PONGS = (  # what is changed: byte, value, length
    ("short", 0, 1, packets.TS_SIZE - 1),
    ("long", 0, 1, packets.TS_SIZE + 1),
    ("another_protocol", packets.TS_PROTO_AT, 2, packets.TS_SIZE),
    ("a_ping", packets.TS_TYPE_AT, packets.TS_PING, packets.TS_SIZE),
    ("another_session_low", packets.TS_HASH_AT, (HASH_LOW & 0xFF) ^ 1, packets.TS_SIZE),
    ("another_session_high", packets.TS_HASH_AT + 3, (HASH_HIGH >> 8) ^ 1, packets.TS_SIZE),
)


@cases(globals(), PONGS)
def test_no_pong_of_ours(at, value, length):
    buf = bytearray(packets.TS_SIZE + 1)
    packets.pack_ts(buf, packets.TS_PONG, 1, 2, HASH, 3, 4, 5)
    assert packets.is_pong(buf, packets.TS_SIZE, HASH_LOW, HASH_HIGH)
    buf[at] = value
    assert not packets.is_pong(buf, length, HASH_LOW, HASH_HIGH)
