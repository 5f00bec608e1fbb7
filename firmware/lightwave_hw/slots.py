"""Where updates are written: the other application partition, or the other folder of applications. Imported when an
update comes, and when a trial of a partition begins or ends.

A slot takes the image in order, in blocks of BLOCK bytes of which only the last may be shorter. What takes long is a
generator, each step of which changes one file or reads one block.
"""

import errno
import os
from hashlib import sha256

import loader

from lightwave.app_archive import ENTRY, Unpacker
from lightwave.release import APP, ReleaseError

BLOCK = 4096  # a sector: a flash is erased in these
_IMAGE_MAGIC = 0xE9
_CHIP_AT = 12  # of the image's header, as esptool's documentation lays it out
_CHIP_ESP32_S3 = 9
_MARK = ".release"
_FOLDER = 0x4000  # what ilistdir says of one


def open_slot(kind, running):
    """The slot for an image of that kind while `running` (loader.SLOTS) is in use."""
    return AppSlot(1 if running != 1 else 2) if kind == APP else FirmwareSlot()


def running_partition():
    """The number a trial of the running application partition has in loader's record."""
    from esp32 import Partition

    return _number_of(Partition(Partition.RUNNING))


def keep_running_partition():
    """From now on the bootloader starts it without a trial."""
    from esp32 import Partition

    Partition.mark_app_valid_cancel_rollback()


def _number_of(partition):
    return loader.PARTITIONS + int(partition.info()[4][-1])  # ota_0, ota_1


class FirmwareSlot:
    """The application partition that is not running."""

    def __init__(self):
        from esp32 import Partition

        self._part = Partition(Partition.RUNNING).get_next_update()
        self._written = 0
        self.number = _number_of(self._part)

    def check_head(self, head, size):
        """Is it an application for this chip, that fits? `head` is the first bytes. Raises ReleaseError."""
        if len(head) <= _CHIP_AT + 1 or head[0] != _IMAGE_MAGIC:
            raise ReleaseError("image", "is no application image")
        chip = head[_CHIP_AT] | head[_CHIP_AT + 1] << 8
        if chip != _CHIP_ESP32_S3:
            raise ReleaseError("image", "is for chip %d, and this is an ESP32-S3 (%d)" % (chip, _CHIP_ESP32_S3))
        if size > self._part.info()[3]:
            raise ReleaseError("size", "%d is more than the partition's %d bytes" % (size, self._part.info()[3]))

    def begin(self):
        return ()  # each sector is erased when it is written

    def abandon(self):
        return ()  # it takes no room from anything

    def write(self, block, length):
        """The next `length` bytes; the rest of the sector is filled as erased flash is."""
        for at in range(length, BLOCK):
            block[at] = 0xFF
        self._part.writeblocks(self._written, block)
        self._written += 1

    def digests(self, size, block):
        """A generator: None for each block read, at last the SHA-256 of the first `size` bytes there."""
        digest = sha256()
        view = memoryview(block)
        for number in range((size + BLOCK - 1) // BLOCK):
            self._part.readblocks(number, block)
            digest.update(view[: min(BLOCK, size - number * BLOCK)])
            yield None
        yield digest.digest()

    def finish(self):
        pass

    def choose(self):
        self._part.set_boot()


class AppSlot:
    """A folder for an application. Its mark, written last, holds the SHA-256 of the archive it was unpacked from; a
    folder without one is not whole."""

    def __init__(self, number):
        self.number = number
        self._folder = loader.SLOTS[number]
        self._unpacker = Unpacker(self)
        self._digest = sha256()
        self._file = None
        self._has_entry = False

    def check_head(self, head, size):
        """Raises ReleaseError; what does not unpack is refused when it is unpacked."""
        if bytes(head[:2]) != b"K1":
            raise ReleaseError("image", "is no archive of an application")
        free = os.statvfs("/")
        if size + size // 2 > free[0] * free[3] + self._size_of(self._folder):
            raise ReleaseError("size", "%d does not fit: %d bytes are free" % (size, free[0] * free[3]))

    def begin(self):
        try:
            os.remove(self._folder + "/" + _MARK)  # first: from here on it is not whole
        except OSError:
            pass
        yield from _remove_tree(self._folder)
        _make_folders(self._folder + "/")

    def abandon(self):
        """What was written is of no use: give its room back."""
        try:
            self.end_file()
        except OSError:
            pass  # a full flash has no room for its end either
        yield from _remove_tree(self._folder)

    def write(self, block, length):
        piece = memoryview(block)[:length]
        self._digest.update(piece)
        self._unpacker.feed(piece)

    def digests(self, size, block):
        """As FirmwareSlot's, by the mark: littlefs has proved the files to be as they were closed."""
        try:
            with open(self._folder + "/" + _MARK, "rb") as file:
                yield file.read()
        except OSError:
            yield b""

    def finish(self):
        """The archive was whole and right."""
        if not self._unpacker.done or not self._has_entry:
            raise ReleaseError("image", "is an archive without its end, or without " + ENTRY[0])
        with open(self._folder + "/" + _MARK, "wb") as file:
            file.write(self._digest.digest())

    def choose(self):
        pass  # loader reads the record

    def _size_of(self, folder):
        total = 0
        for name, kind, _, size in _entries(folder):
            total += self._size_of(folder + "/" + name) if kind == _FOLDER else size
        return total

    # the unpacker's sink
    def begin_file(self, path, size):
        self._has_entry = self._has_entry or path in ENTRY
        path = self._folder + "/" + path
        _make_folders(path)
        self._file = open(path, "wb")

    def write_file(self, piece):
        self._file.write(piece)

    def end_file(self):
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def _entries(folder):
    try:
        return list(os.ilistdir(folder))
    except OSError:
        return []


def _remove_tree(folder):
    """All that is in it."""
    for name, kind, _, _ in _entries(folder):
        path = folder + "/" + name
        if kind == _FOLDER:
            yield from _remove_tree(path)
            os.rmdir(path)
        else:
            os.remove(path)
        yield


def _make_folders(path):
    """All folders on the way to a file."""
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
        at = path.find("/", at + 1)
