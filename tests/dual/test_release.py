"""The signed statement of a release: one form in bytes, and every reason to refuse one."""

from binascii import unhexlify

from dual_support import cases, raises

from lightwave import release
from lightwave.release import ReleaseError

GOOD = {
    "kind": "firmware",
    "size": 1500000,
    "counter": 7,
    "expires": 1900000000,
    "sha256": "ab" * 32,
    "name": "k1",
    "board": "K1_S3",
    "version": "2.8.0",
}
BYTES = unhexlify("4b3152310160e316000700000000b33f71" + "ab" * 32 + "026b31054b315f533305322e382e30")


def changed(**fields):
    statement = dict(GOOD)
    statement.update(fields)
    return statement


def test_bytes_are_those_of_the_table():
    assert release.encode(GOOD) == BYTES
    assert release.decode(BYTES) == GOOD


def test_the_longest_statement_fits():
    longest = changed(name="n" * 16, board="b" * 16, version="v" * 32)
    data = release.encode(longest)
    assert len(data) <= release.MAX_STATEMENT_SIZE
    assert release.decode(data) == longest


BAD_FIELDS = (
    ("kind", "kind", "bootloader"),
    ("size_nothing", "size", 0),
    ("size_over_the_slot", "size", 0x2F0001),
    ("size_of_an_app", "size", None),
    ("counter", "counter", 0),
    ("expires", "expires", -1),
    ("sha256", "sha256", "AB" * 32),
    ("name", "name", ""),
    ("board", "board", "K1 S3"),
    ("version", "version", "v" * 33),
)


@cases(globals(), BAD_FIELDS)
def test_a_bad_field_is_named(field, value):
    wrong = changed(kind="app", size=512 * 1024 + 1) if value is None else changed(**{field: value})
    with raises(ReleaseError) as caught:
        release.encode(wrong)
    assert caught.error.field == field


BAD_BYTES = (
    ("empty", b""),
    ("another_magic", b"K1R2" + BYTES[4:]),
    ("another_kind", BYTES[:4] + b"\x03" + BYTES[5:]),
    ("cut_in_the_hash", BYTES[:40]),
    ("cut_in_a_text", BYTES[:-1]),
    ("cut_before_a_text", BYTES[:-6]),
    ("longer", BYTES + b"\0"),
    ("not_ascii", BYTES[:-1] + b"\xff"),
    ("size_0", BYTES[:5] + bytes(4) + BYTES[9:]),
)


@cases(globals(), BAD_BYTES)
def test_refuses_bytes(data):
    with raises(ReleaseError):
        release.decode(data)


def test_a_fitting_release_passes():
    release.check_fit(GOOD, "K1_S3", 7, 1900000000)


UNFIT = (
    ("of_another_board", "board", "GENERIC_S3", 7, 0),
    ("of_no_board", "board", "", 7, 0),
    ("older", "counter", "K1_S3", 8, 0),
    ("expired", "expires", "K1_S3", 7, 1900000001),
)


@cases(globals(), UNFIT)
def test_refuses_a_release(field, board, counter, unix_s):
    with raises(ReleaseError) as caught:
        release.check_fit(GOOD, board, counter, unix_s)
    assert caught.error.field == field
    assert len(str(caught.error)) <= 128


def test_refuses_what_the_board_cannot_take():
    with raises(ReleaseError) as caught:
        release.check_fit(changed(kind="app", size=1000), "K1_S3", 0, 0)
    assert caught.error.field == "kind"


def test_refuses_another_product():
    with raises(ReleaseError) as caught:
        release.check_fit(changed(name="k2"), "K1_S3", 0, 0)
    assert caught.error.field == "name"
