"""Run by MicroPython: an application update on littlefs, with the power cut in every single write and erase of it, and
on a flash that fills up.

Prints "writes N" and "end", or a traceback. The flash is NOR in RAM, block for block as on a board; boot is what
boot.py does, and the slot, the record and the port are the real ones.
"""

import gc
import os
import sys
from hashlib import sha256

import vfs

BLOCK = 4096
BLOCKS = 96
BASE_PATH = ["", ".frozen", "/lib"]


class PowerCut(Exception):
    pass


class Flash:
    """`cut_in` writes or erases it fails, when `percent` of the bytes are done; None: it does not."""

    def __init__(self, memory):
        self.memory = memory
        self.cut_in = None
        self.percent = 0
        self.operations = 0

    def _powered(self, size):
        self.operations += 1
        if self.cut_in is None or self.operations < self.cut_in:
            return size
        return size * self.percent // 100 if self.operations == self.cut_in else 0

    def _check(self):
        if self.cut_in is not None and self.operations >= self.cut_in:
            raise PowerCut

    def readblocks(self, number, buf, offset=0):
        at = number * BLOCK + offset
        buf[:] = memoryview(self.memory)[at : at + len(buf)]

    def writeblocks(self, number, buf, offset=0):
        at = number * BLOCK + offset
        for i in range(self._powered(len(buf))):
            self.memory[at + i] &= buf[i]
        self._check()

    def ioctl(self, what, argument):
        if what == 4:
            return BLOCKS
        if what == 5:
            return BLOCK
        if what == 6:
            at = argument * BLOCK
            size = self._powered(BLOCK)
            self.memory[at : at + size] = b"\xff" * size
            self._check()
        return 0


class Machine:
    """The module: a watchdog that never bites."""

    class WDT:
        def __init__(self, timeout):
            pass

    def reset():
        raise PowerCut


sys.modules["machine"] = Machine

import loader  # noqa: E402 - it is to find the machine above

import lightwave_hw.slots  # noqa: E402, F401 - while there are files to import it from
from lightwave import app_archive  # noqa: E402
from lightwave.app_archive import ENTRY  # noqa: E402
from lightwave_hw.update_port import UpdatePort  # noqa: E402
from lightwave_node.updater import reason  # noqa: E402


def application(version):
    """(path, bytes) of each file: small ones, empty ones, and some of several blocks."""
    files = [(ENTRY[0], b"start " + version)]
    for number in range(9):
        files.append((f"lightwave_node/part{number}.mpy", (version + b"%d" % number) * (1 + 43 * number * number)))
    return files + [("lightwave/empty.py", b"")]


def power_on(flash):
    flash.cut_in = None
    vfs.mount(flash, "/")


def power_off():
    try:
        vfs.umount("/")
    except PowerCut:
        pass


def boot():
    """Which folder of an application the loader chooses."""
    sys.path[:] = BASE_PATH
    loader.start()
    return "/lib" if sys.path == BASE_PATH else sys.path[0]


def runs(folder, version):
    """Is all of that version there, and nothing else?"""
    for path, data in application(version):
        try:
            with open(folder + "/" + path, "rb") as file:
                if file.read() != data:
                    return False
        except OSError:
            return False
    return True


def no_false_mark(folder):
    """A folder that claims to hold an archive holds all of it: going back to it downloads nothing."""
    try:
        with open(folder + "/.release", "rb") as file:
            mark = file.read()
    except OSError:
        return True
    versions = (b"v00", b"v1", b"v2")
    return any(mark == sha256(app_archive.pack(application(v))).digest() and runs(folder, v) for v in versions)


def update(version, counter):
    port = UpdatePort()
    slot = port.slot("app")
    port.begin()
    for _ in slot.begin():
        pass
    write(slot, app_archive.pack(application(version)))
    slot.finish()
    port.switch(slot, {"counter": counter, "version": str(version, "ascii")})


def write(slot, archive):
    block = bytearray(BLOCK)
    for at in range(0, len(archive), BLOCK):
        piece = archive[at : at + BLOCK]
        block[: len(piece)] = piece
        slot.write(block, len(piece))


def prove():
    """The start after an update, and the moment in which it is found healthy."""
    folder = boot()
    UpdatePort().confirm()
    return folder


def factory():
    """Version 1 runs in slot 1, slot 2 holds an older one."""
    flash = Flash(bytearray(b"\xff" * (BLOCK * BLOCKS)))
    vfs.VfsLfs2.mkfs(flash)
    power_on(flash)
    for version, counter in ((b"v0", 1), (b"v00", 2), (b"v1", 3)):
        update(version, counter)
        prove()
    power_off()
    return flash.memory


def cut_once(memory, cut_in, percent):
    """False when the update was over before the power was cut."""
    flash = Flash(bytearray(memory))
    power_on(flash)
    flash.cut_in, flash.percent = cut_in, percent
    flash.operations = 0
    try:
        update(b"v2", 4)
        prove()
        whole = True
    except PowerCut:
        whole = False
    power_off()
    if not whole:
        check_after(flash)
    return not whole


def check_after(flash):
    """What starts is whole; unproven, the old one is back after three starts; and an update can be made."""
    power_on(flash)
    for folder in loader.SLOTS[1:]:
        assert no_false_mark(folder)
    for _ in range(loader.TRIES + 1):
        folder = boot()
        assert runs(folder, b"v2") or runs(folder, b"v1"), folder
        power_off()
        power_on(flash)
    confirmed = UpdatePort().counter == 4
    assert runs(boot(), b"v2" if confirmed else b"v1")
    update(b"v3", 5)
    assert runs(prove(), b"v3")
    assert runs(boot(), b"v3")
    power_off()


def without_room(memory):
    """A flash that fills up in the middle of an update: its room is given back, and what ran runs on."""
    flash = Flash(bytearray(memory))
    power_on(flash)
    slot = UpdatePort().slot("app")
    for _ in slot.begin():
        pass
    with open("/fill", "wb") as file:
        while os.statvfs("/")[3] > 3:
            file.write(bytes(BLOCK))
    try:
        write(slot, app_archive.pack(application(b"v2")))
        raise AssertionError("it fitted")
    except OSError as error:
        assert reason(error) == "image: does not fit, the flash is full", error
    for _ in slot.abandon():
        pass
    assert not list(os.ilistdir(loader.SLOTS[slot.number]))
    os.remove("/fill")  # noqa: PTH107 - MicroPython's os
    power_off()
    check_after(flash)


def main():
    vfs.umount("/")
    memory = factory()
    without_room(memory)
    number = 0
    while cut_once(memory, number + 1, (0, 50, 100)[number % 3]):
        number += 1
        gc.collect()  # a whole flash
    print("writes", number)
    print("end")


main()
