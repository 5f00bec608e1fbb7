"""The store: its streams, its settings, what happens when the disk is full or fails, and its figures."""

from ..compat import const
from .page import PAGE_SIZE
from .stream import PAGES_PER_SEGMENT, Stream

_HOUR_US = 3600000000
_MB = const(1048576)


class Settings:
    """The keys of the specification's appendix A, and what it leaves open."""

    def __init__(
        self,
        enabled: bool = True,
        ram_threshold: int = 80,
        disk_limit_mb: int = 256,
        disk_path: str = "/records",
        recovery_enabled: bool = True,
        flash_wear_minimize: bool = True,
        disk_share_pct: int = 50,
        max_age_s: int = 60,
    ) -> None:
        self.enabled = enabled
        self.ram_threshold = _within("ram_threshold", ram_threshold, 1, 100)  # percent of a stream's RAM
        self.disk_limit_mb = _within("disk_limit_mb", disk_limit_mb, 0, 256)
        self.disk_path = disk_path
        self.recovery_enabled = recovery_enabled
        self.flash_wear_minimize = flash_wear_minimize  # False: every tick writes what is there
        self.disk_share_pct = _within("disk_share_pct", disk_share_pct, 1, 100)  # of what was free at the start
        self.max_age_s = _within("max_age_s", max_age_s, 1, 86400)  # no record is only in RAM for longer


class Store:
    """`disk` as in disk.py, None for RAM alone. `streams`: name to pages of RAM. One thread.

    Nothing here raises because of the disk: it goes on in RAM, `failure` says why, and the events stream tells."""

    def __init__(self, disk, streams: dict, settings=None) -> None:
        self.settings = settings or Settings()
        self.disk = disk
        if not self.settings.enabled:
            self.disk = None
        self.readable = self.disk  # a full disk takes nothing more, but gives what it has
        self.failure = ""
        self.appends = 0
        self.dropped = 0
        self.flushes = 0
        self.errors = 0
        self.recovery_events = 0  # damaged pages, and disks that failed
        self._now_us = 0
        self._began_us = -1
        self._limit = 0
        self.streams = {name: Stream(self, name, pages) for name, pages in streams.items()}
        if self.disk is not None:
            self._open()

    def _open(self) -> None:
        try:
            for stream in self.streams.values():
                if not self.settings.recovery_enabled:
                    self._wipe(stream.name)
                stream.recover()
            free = self.disk.free() + self.disk_bytes()
            self._limit = min(self.settings.disk_limit_mb * _MB, free * self.settings.disk_share_pct // 100)
        except OSError as error:
            self.fail(error)

    def _wipe(self, name: str) -> None:
        for entry in self.disk.names():
            if entry.startswith((name + "-", name + ".cur")):
                self.disk.remove(entry)

    def append(self, stream: str, payload, time_us: int) -> int:
        """See Stream.append."""
        self._now_us = time_us
        self.appends += 1
        return self.streams[stream].append(payload, time_us)

    def tick(self, now_us: int) -> None:
        """Write what has become too much or too old for RAM. Call it every second or so."""
        self._now_us = now_us
        if self._began_us < 0:
            self._began_us = now_us
        if self.disk is None:
            return
        for stream in self.streams.values():
            if self._is_due(stream, now_us):
                stream.flush()

    def _is_due(self, stream: Stream, now_us: int) -> bool:
        oldest_us = stream.oldest_us()
        if oldest_us < 0 or not stream.used():
            return False
        if not self.settings.flash_wear_minimize:
            return True
        full = stream.used() * 100 >= stream.capacity() * self.settings.ram_threshold
        return full or now_us - oldest_us >= self.settings.max_age_s * 1000000

    def flush(self) -> bool:
        """Write everything: before a reset or an update. False when something stays in RAM alone."""
        done = True
        for stream in self.streams.values():
            done = stream.flush() and done
        return done

    def disk_bytes(self) -> int:
        return sum(stream.disk_bytes() for stream in self.streams.values())

    def make_room(self) -> None:
        """Drop the oldest segments of the largest stream until the limit is kept."""
        if self.disk is None:
            return
        try:
            while self.disk_bytes() > max(self._limit, PAGE_SIZE * PAGES_PER_SEGMENT):
                fullest = max(self.streams.values(), key=Stream.disk_bytes)
                fullest.drop_oldest_segment(self._now_us)
        except OSError as error:
            self.fail(error)

    def fail(self, error: OSError) -> None:
        """Nothing more can be written; go on in RAM."""
        if self.disk is None:
            return
        self.disk = None
        self.errors += 1
        self.recovery_events += 1
        self.failure = "disk: %s" % error
        if "events" in self.streams:
            self.streams["events"].append(self.failure.encode()[:200], self._now_us)

    def note_flush(self) -> None:
        self.flushes += 1

    def note_dropped(self, records: int) -> None:
        self.dropped += records

    def note_damage(self) -> None:
        self.recovery_events += 1

    def metrics(self) -> dict:
        """The specification's five."""
        used = sum(stream.used() for stream in self.streams.values())
        capacity = sum(stream.capacity() for stream in self.streams.values())
        hours = max(1, self._now_us - self._began_us) / _HOUR_US if self._began_us >= 0 else 0
        return {
            "ram_usage_percent": used * 100 // capacity,
            "flush_count_per_hour": round(self.flushes / max(hours, 1 / 60), 1) if hours else 0,
            "disk_storage_mb": round(self.disk_bytes() / _MB, 3),
            "recovery_events": self.recovery_events,
            "error_rate": round((self.errors + self.dropped) / max(1, self.appends), 6),
        }


def _within(name: str, value: int, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("%s: must be %d..%d, not %r" % (name, low, high, value))
    return value
