# Run by the SIM's MicroPython: `k1-sim on_littlefs.py <folder of lightwave>`. The store on littlefs2, on a flash in RAM
# whose power goes at every program and erase of a run; prints how many cuts there were, or raises.

import os
import sys

sys.path.append(__file__.rpartition("/")[0])

from nor_flash import Flash


def life(store, told):
    """Bursts, flushes, erasures. `told` is what the caller was promised: [kept to, erased to, erasing to]."""
    stream = store.streams["metrics"]
    for turn in range(8):
        for _ in range(70):
            store.append("metrics", b"%d" % stream.next_seq, turn)
        if not store.flush():
            return
        told[0] = stream.next_seq - 1
        if turn % 3 == 2:
            told[2] = stream.read(90)[-1].seq
            stream.erase(told[2])
            if store.disk is None:
                return
            told[1] = told[2]


def check(records, told):
    seqs = [record.seq for record in records if record.kind == 0]
    for record in records:
        assert record.kind or record.payload == b"%d" % record.seq, "a record that was never written"
    first = seqs[0] if seqs else told[0] + 1
    assert first in (told[1] + 1, told[2] + 1), "an erased record is back, or erased by halves"
    there = set(seqs)
    for seq in range(first, told[0] + 1):
        assert seq in there, "a synced record is lost"


def one_cut(Store, FileDisk, image, cut_at):
    """True while there was such a step."""
    flash = Flash()
    flash.data[:] = image
    os.mount(os.VfsLfs2(flash), "/cut")
    flash.cut_at = cut_at
    told = [-1, -1, -1]
    try:
        life(Store(FileDisk("/cut/records"), {"metrics": 2}), told)
    except OSError:
        pass  # the folder could not be made
    os.umount("/cut")
    reached = flash.off
    flash.cut_at = -1
    os.mount(os.VfsLfs2(flash), "/cut")
    store = Store(FileDisk("/cut/records"), {"metrics": 2})
    assert not store.failure, store.failure
    check(store.streams["metrics"].read(100000), told)
    os.umount("/cut")
    return reached


def main(shared, stride):
    sys.path.insert(0, shared)
    from lightwave.records.disk import FileDisk
    from lightwave.records.store import Store

    blank = Flash()
    os.VfsLfs2.mkfs(blank)
    cut_at = 1
    while one_cut(Store, FileDisk, blank.data, cut_at):
        cut_at += stride
    print("cuts", (cut_at - 1) // stride, "of", cut_at - 1, "steps")


main(sys.argv[1], int(sys.argv[2]))
