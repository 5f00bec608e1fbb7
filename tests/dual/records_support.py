"""A disk in memory for the tests of records. It counts what is written, fills up, fails, and can be cut off."""


class MemoryDisk:
    """The methods of lightwave.records.disk.FileDisk. `files` is what is on the medium."""

    def __init__(self, capacity: int = 1 << 20) -> None:
        self.files = {}
        self.capacity = capacity
        self.failing = False
        self.writes = 0
        self.bytes_written = 0
        self.before_write = None  # called with (kind, name, data) before anything changes

    def names(self) -> list:
        return sorted(self.files)

    def size(self, name: str) -> int:
        return len(self.files[name])

    def read(self, name: str, offset: int, buf) -> int:
        if self.failing:
            raise OSError(5)
        data = self.files[name][offset : offset + len(buf)]
        buf[: len(data)] = data
        return len(data)

    def append(self, name: str, data) -> None:
        self._note("append", name, data)
        self.files[name] = self.files.get(name, b"") + bytes(data)

    def replace(self, name: str, data) -> None:
        self._note("replace", name, data)
        self.files[name] = bytes(data)

    def remove(self, name: str) -> None:
        self._note("remove", name, b"")
        del self.files[name]

    def free(self) -> int:
        return self.capacity - sum(len(data) for data in self.files.values())

    def _note(self, kind: str, name: str, data) -> None:
        if self.before_write is not None:
            self.before_write(kind, name, bytes(data))
        if self.failing:
            raise OSError(5)
        if len(data) > self.free():
            raise OSError(28)
        self.writes += 1
        self.bytes_written += len(data)


def payloads(records) -> list:
    """Of those that are data."""
    return [record.payload for record in records if record.kind == 0]
