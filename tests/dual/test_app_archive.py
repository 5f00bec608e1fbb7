"""Archives of the application: packed and unpacked in pieces of any size, and what is no archive."""

from dual_support import cases, raises

from lightwave import app_archive
from lightwave.app_archive import ArchiveError, Unpacker

FILES = [("lightwave_hw/start.mpy", b"start"), ("lightwave/empty.py", b""), ("a/b/c_d-e.mpy", bytes(range(256)) * 3)]


class Sink:
    def __init__(self):
        self.files = []
        self.open = False

    def begin_file(self, path, size):
        assert not self.open
        self.open = True
        self.files.append([path, size, b""])

    def write_file(self, piece):
        self.files[-1][2] += bytes(piece)

    def end_file(self):
        assert len(self.files[-1][2]) == self.files[-1][1]
        self.open = False


def unpacked(data, step):
    sink = Sink()
    unpacker = Unpacker(sink)
    view = memoryview(data)
    for at in range(0, len(data), step):
        unpacker.feed(view[at : at + step])
    assert unpacker.done and not sink.open
    return [(path, content) for path, _, content in sink.files]


def test_comes_out_as_it_went_in():
    data = app_archive.pack(FILES)
    for step in (1, 7, 256, 4096):
        assert unpacked(data, step) == FILES


def test_is_not_done_before_its_last_byte():
    data = app_archive.pack(FILES)
    for length in range(len(data)):
        unpacker = Unpacker(Sink())
        unpacker.feed(data[:length])
        assert not unpacker.done


BAD = (
    ("of_another_kind", b"K1A2\0"),
    ("with_something_behind", b"K1A1\0\0"),
    ("of_too_many_files", b"K1A1" + b"\x01a\0\0\0\0" * 256),
)


@cases(globals(), BAD)
def test_refuses(data):
    with raises(ArchiveError):
        Unpacker(Sink()).feed(data)


PATHS = (
    ("upwards", "../main.py"),
    ("upwards_inside", "lib/../../x"),
    ("from_the_root", "/main.py"),
    ("hidden", "lib/.release"),
    ("with_empty_name", "lib//x"),
    ("with_backslash", "lib\\x"),
    ("with_space", "a b"),
    ("too_long", "x" * 65),
)


@cases(globals(), PATHS)
def test_refuses_a_path(path):
    with raises(ArchiveError):
        app_archive.pack([(path, b"")])
    data = b"K1A1" + bytes([len(path)]) + path.encode() + b"\0\0\0\0\0"
    with raises(ArchiveError):
        Unpacker(Sink()).feed(data)
