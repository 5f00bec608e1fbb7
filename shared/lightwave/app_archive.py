"""The application in one file, for boards on stock MicroPython: `K1A1`, then the files, then a zero byte.

Each file: u8 length of its path, the path (ASCII, relative, with slashes), u32 size (little-endian), its bytes. So it
can be unpacked as it arrives, in memory of 80 bytes. What is unpacked has been signed; paths are checked all the same.
"""

MAGIC = b"K1A1"
MAX_PATH = 64
MAX_FILES = 255
# Without it an application cannot start: main.py imports it.
ENTRY = ("lightwave_hw/start.mpy", "lightwave_hw/start.py")

_PATH_CHARACTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"


class ArchiveError(ValueError):
    """It is no archive, or one that this version does not know; the text says where it ends to be one."""


def pack(files) -> bytes:
    """An archive of (path, bytes) pairs. Raises ArchiveError."""
    parts = [MAGIC]
    for path, data in files:
        _check_path(path.encode())
        parts += [bytes([len(path)]), path.encode(), len(data).to_bytes(4, "little"), data]
    parts.append(b"\0")
    return b"".join(parts)


def _check_path(path: bytes) -> None:
    parts = path.split(b"/")
    usable = len(path) <= MAX_PATH and all([character in _PATH_CHARACTERS for character in path])
    if not usable or any([not part or part[0] == 46 for part in parts]):  # nothing hidden, nothing upwards
        raise ArchiveError("a path must be 1..%d letters, digits, _ - . and / between names" % MAX_PATH)


class Unpacker:
    """Give it the archive's bytes in order, in pieces of any size. `sink` gets `begin_file(path, size)`,
    `write_file(bytes)` and `end_file()` for each file. `done` when the archive is whole."""

    def __init__(self, sink) -> None:
        self.done = False
        self.files = 0
        self._sink = sink
        self._head = bytearray()  # what has come of the magic, or of a file's head
        self._wanted = len(MAGIC)
        self._left = 0  # of the file being written
        self._began = False

    def feed(self, piece) -> None:
        """Raises ArchiveError, and whatever the sink raises."""
        at = 0
        while at < len(piece):
            if self._left:
                length = min(self._left, len(piece) - at)
                self._sink.write_file(piece[at : at + length])
                self._left -= length
                at += length
                self._end_file()
            else:
                if self.done:
                    raise ArchiveError("something follows the archive's end")
                self._head.append(piece[at])
                at += 1
                self._take_head()

    def _take_head(self) -> None:
        head = self._head
        if len(head) < self._wanted:
            return
        if not self._began:
            if head != MAGIC:
                raise ArchiveError("it does not begin as an archive of ours")
            self._began = True
        elif self._wanted == 1:
            self.done = head[0] == 0
            if not self.done:
                self._wanted = 1 + head[0] + 4
                return
        else:
            self._begin_file(bytes(head[1:-4]), int.from_bytes(bytes(head[-4:]), "little"))
        self._head = bytearray()
        self._wanted = 1

    def _begin_file(self, path: bytes, size: int) -> None:
        _check_path(path)
        self.files += 1
        if self.files > MAX_FILES:
            raise ArchiveError("it has more than %d files" % MAX_FILES)
        self._sink.begin_file(path.decode(), size)
        self._left = size
        if not size:
            self._sink.end_file()

    def _end_file(self) -> None:
        if not self._left:
            self._sink.end_file()
