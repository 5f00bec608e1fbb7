# Run by the SIM's MicroPython: `k1-sim _records_wear.py RECORDS FOLDERS...`. Prints bytes programmed and blocks erased:
# of our store first, then of a file to which each record is appended and synced.

import os
import sys

sys.path += sys.argv[2:]

from nor_flash import Flash

from lightwave.records.disk import FileDisk
from lightwave.records.store import Settings, Store

PAYLOAD = bytes(24)
RECORD_SIZE = 42
RECORDS_A_FILE = 65536 // RECORD_SIZE
BLOCKS = 256


def mounted():
    flash = Flash(BLOCKS)
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")
    flash.programmed = flash.erases = 0
    return flash


def tell(flash):
    os.umount("/flash")
    print(flash.programmed, flash.erases)


def main(records):
    flash = mounted()
    store = Store(FileDisk("/flash/records"), {"metrics": 2}, Settings(max_age_s=3600))
    for second in range(records):
        store.append("metrics", PAYLOAD, second * 1000000)
        store.tick(second * 1000000)
    tell(flash)
    flash = mounted()
    for number in range(records):
        with open("/flash/" + str(number // RECORDS_A_FILE), "ab") as file:
            file.write(bytes(RECORD_SIZE))
            file.flush()
    tell(flash)


main(int(sys.argv[1]))
