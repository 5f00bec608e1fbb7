"""Run by test_power_cuts: `python -m tests.records.victim FOLDER` writes records until it is killed, and says so."""

import sys
from itertools import count

from lightwave.records.disk import FileDisk
from lightwave.records.store import Store
from tests.records.power_cuts import STREAMS


def main(folder: str) -> None:
    store = Store(FileDisk(folder), STREAMS)
    stream = store.streams["metrics"]
    for turn in count():
        for _ in range(20):
            store.append("metrics", b"%d" % stream.next_seq, turn)
        assert store.flush(), store.failure
        print("kept", stream.next_seq - 1, flush=True)
        if turn % 3 == 2:
            upto = stream.next_seq - 30
            print("erasing", upto, flush=True)
            stream.erase(upto)
            print("erased", upto, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
