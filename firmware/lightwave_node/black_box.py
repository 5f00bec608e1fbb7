"""The node's black box: a line of metrics a second, sound, and events, kept on flash while there is no hub to tell.

It belongs to the control thread. With a hub, what is noted goes to it every few seconds and is erased when the hub has
it for good: then the flash is hardly ever written, which would hold up the lights.
"""

from lightwave import black_box, ticks
from lightwave.black_box import AUDIO, EVENTS, METRICS, STREAMS
from lightwave.compat import const
from lightwave.records.disk import FileDisk
from lightwave.records.store import Settings, Store

_PAGES = {METRICS: 2, EVENTS: 1, AUDIO: 1}
_SECOND_US = const(1000000)
_UPLOAD_PERIOD_US = const(5000000)
_BACKLOG_PERIOD_US = const(250000)  # between two batches while there are more
_ACK_TIMEOUT_US = const(10000000)
_MOST = const(64)  # records looked at for one batch; some 40 fit


class BlackBox:
    """`line` and `sound` give the values of black_box.FIELDS and AUDIO_FIELDS; `up_s` the seconds since the start."""

    def __init__(self, config, clock, line, sound, up_s):
        self._clock = clock
        self._line = line
        self._sound = sound
        self._up_s = up_s
        settings = Settings(
            config.records_enabled,
            disk_limit_mb=config.records_limit_mb,
            max_age_s=config.records_max_age_s,
        )
        disk = None
        failure = ""
        if settings.enabled and settings.disk_limit_mb:
            try:
                disk = FileDisk(config.records_path)
            except OSError as error:
                failure = "disk: %s" % error
        self.store = Store(disk, _PAGES, settings)
        self.store.failure = self.store.failure or failure
        self._noted_s = -1
        self._next_upload = clock.now()
        self._offered = None  # (stream, boot, seq) of the batch under way
        self._offered_at = 0
        self._turn = 0  # of STREAMS

    def event(self, text):
        """Note something that happened."""
        self.store.append(EVENTS, text.encode()[:200], self._up_us())

    def note(self):
        """Call it often: once a second a line is noted, and what is due is written."""
        up_s = self._up_s()
        if up_s == self._noted_s:
            return
        self._noted_s = up_s
        up_us = self._up_us()
        self.store.append(METRICS, black_box.pack_line(METRICS, self._line()), up_us)
        sound = self._sound()
        if sound is not None:
            self.store.append(AUDIO, black_box.pack_line(AUDIO, sound), up_us)
        self.store.tick(up_us)

    def close(self):
        """Before a reset, an update, the end: write everything."""
        self.store.flush()

    def begin_session(self):
        """A hub that takes records is there."""
        self._offered = None
        self._next_upload = self._clock.now()

    def step(self, send):
        """Offer the hub a batch when it is time: `send(type, **fields)`."""
        now = self._clock.now()
        if self._offered is not None:
            if ticks.diff(now, self._offered_at) < _ACK_TIMEOUT_US:
                return
            self._offered = None
        if ticks.before(now, self._next_upload):
            return
        self._next_upload = ticks.add(now, _UPLOAD_PERIOD_US)
        for _ in STREAMS:
            name = STREAMS[self._turn]
            self._turn = (self._turn + 1) % len(STREAMS)
            if self._offer(name, send, now):
                return

    def acknowledge(self, stream, boot, seq):
        """The hub has it all up to there: erase it. What was not offered is not ours to erase."""
        if self._offered != (stream, boot, seq):
            return
        self._offered = None
        self.store.streams[stream].erase(seq)
        self._next_upload = ticks.add(self._clock.now(), _BACKLOG_PERIOD_US)

    def figures(self):
        """For the keepalive."""
        metrics = self.store.metrics()
        return {
            "rec_ram_pct": metrics["ram_usage_percent"],
            "rec_flushes_h": metrics["flush_count_per_hour"],
            "rec_disk_kb": self.store.disk_bytes() // 1024,
            "rec_recoveries": metrics["recovery_events"],
            "rec_error_rate": metrics["error_rate"],
        }

    def _offer(self, name, send, now):
        records = self.store.streams[name].read(_MOST)
        if not records:
            return False
        # One boot at a time: the hub tells the time of a record by how long that boot has been up.
        records = [record for record in records if record.boot == records[0].boot]
        batch, last = black_box.pack_batch(records)
        self._offered = (name, last.boot, last.seq)
        self._offered_at = now
        send("records", stream=name, up_us=self._up_us(), boot_now=self.store.streams[name].boot, batch=batch)
        return True

    def _up_us(self):
        return self._up_s() * _SECOND_US
