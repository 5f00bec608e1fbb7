# The factory: writes host files into a node's flash without booting it.
# `k1-sim -m sim_flasher LIST`, where LIST has lines "<path on the node> <host file>" or "image <host file>"; the
# flash is $K1_SIM_DIR/flash.bin, formatted when blank.

import os
import sys

import vfs
from esp32 import Partition

_BLOCK = 4096


def write_image(host_path):
    slot = Partition("ota_0")
    block = bytearray(_BLOCK)
    with open(host_path, "rb") as image:
        number = 0
        while True:
            count = image.readinto(block)
            if not count:
                return
            block[count:] = b"\xff" * (_BLOCK - count)
            slot.writeblocks(number, block)
            number += 1


def mount():
    storage = Partition("vfs")
    try:
        vfs.mount(storage, "/flash")
    except OSError:
        vfs.VfsLfs2.mkfs(storage)
        vfs.mount(storage, "/flash")


def copy(host_path, node_path):
    folder = "/flash"
    for part in node_path.split("/")[1:-1]:
        folder += "/" + part
        try:
            os.mkdir(folder)
        except OSError:
            pass  # exists
    with open(host_path, "rb") as source, open("/flash" + node_path, "wb") as target:
        target.write(source.read())


def main(list_path):
    mount()
    with open(list_path) as lines:
        for line in lines:
            what, host_path = line.rstrip("\n").split(" ", 1)
            if what == "image":
                write_image(host_path)
            else:
                copy(host_path, what)
    vfs.umount("/flash")


main(sys.argv[-1])
