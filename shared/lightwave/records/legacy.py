"""The calls of the memory manager that this store succeeds (FORMAT.md, "Legacy calls"), on three streams."""

from .page import DATA

HOST = "host"
MGC = "mgc"
CAN_CONTROLLER = "can_controller"
CLASSES = (HOST, MGC, CAN_CONTROLLER)


class LegacyStore:
    """`store` has a stream for each of CLASSES; `now_us` gives the time of what is written."""

    def __init__(self, store, now_us) -> None:
        self._store = store
        self._now_us = now_us

    def write_tsd_evt(self, kind: str, data) -> int:
        """Append to a class; the record's number."""
        return self._store.append(_checked(kind), data, self._now_us())

    def read_tsd_evt(self, kind: str, position: int):
        """(time_us, payload) of the record `position` places behind the oldest that is not erased; None beyond the
        last, and for what is missing."""
        records = self._store.streams[_checked(kind)].read(position + 1)
        if position < 0 or position >= len(records) or records[position].kind != DATA:
            return None
        return records[position].time_us, records[position].payload

    def atomic_erase_records(self, kind: str, count: int) -> int:
        """Erase the `count` oldest, all or none; how many there were to erase."""
        stream = self._store.streams[_checked(kind)]
        records = stream.read(count) if count > 0 else []
        if records:
            stream.erase(records[-1].seq)
        return len(records)


def _checked(kind: str) -> str:
    if kind not in CLASSES:
        raise ValueError("kind: must be one of %s, not %r" % (", ".join(CLASSES), kind))
    return kind
