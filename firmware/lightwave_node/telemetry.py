"""What a node tells of itself: the fields of its keepalive, and lines on its console when something changes."""

from lightwave import messages, packets, ticks
from lightwave.compat import const
from lightwave_node.fallback import HOLD, LIVE
from lightwave_node.snapshot import CAPTURED_AT, PEAK_AT, RMS_AT

_SECOND_US = const(1000000)


class Telemetry:
    """The control thread's; reads counters of the other threads, each of which is one word."""

    def __init__(self, clock, timesync, stream, queue, renderer, fallback, leds, audio, heap_free, print_rates):
        self._clock = clock
        self._timesync = timesync
        self._stream = stream
        self._queue = queue
        self._renderer = renderer
        self._fallback = fallback
        self._leds = leds
        self._audio = audio
        self._heap_free = heap_free
        self._print_rates = print_rates
        self._sound = bytearray(audio.snapshot_size)
        self._second_began = clock.now()
        self._counted_at = self._second_began
        self._shown_before = list(leds.shown)
        self._fps = [0.0 for _ in leds.shown]
        self._mode = fallback.mode
        self._locked = False
        self._unlocks = timesync.unlocks
        self.uptime_s = 0
        self.sessions = 0
        self.bad_messages = 0
        self.updating = False
        self.black_box = None  # told of every second and of what changes

    def state(self):
        """What the node is doing, as a keepalive says it."""
        if self.updating:
            return messages.UPDATING
        if self._fallback.mode != LIVE and self._fallback.entered:
            return messages.FALLBACK
        return messages.READY if self._timesync.locked and self._fallback.mode == LIVE else messages.SYNCING

    def draws(self, least_fps):
        """Did every strip show that many frames in the last second?"""
        return min(self._fps) >= least_fps

    def update(self):
        """Call it often: counts seconds, and prints what has changed."""
        now = self._clock.now()
        passed = ticks.diff(now, self._second_began)
        if passed >= _SECOND_US:
            self.uptime_s += passed // _SECOND_US
            self._second_began = ticks.add(now, -(passed % _SECOND_US))
            self._count_frames(now)
            if self.black_box is not None:
                self.black_box.note()
            if self._print_rates:
                self._print_second(now)
        self._print_changes()

    def _count_frames(self, now):
        """Over the time since the last count: a little more than a second, as we are called when there is time."""
        passed = ticks.diff(now, self._counted_at)
        self._counted_at = now
        for i, shown in enumerate(self._leds.shown):
            self._fps[i] = round((shown - self._shown_before[i]) * _SECOND_US / passed, 1)
            self._shown_before[i] = shown

    def _print_second(self, now):
        """The lines that a burn-in watches."""
        print("FPS: " + " ".join(["%s=%.1f" % (name, fps) for name, fps in zip("AB", self._fps)]))
        if self._audio.read(self._sound):
            age_us = ticks.diff(now, packets.low30(self._sound, CAPTURED_AT))
            print("Audio age: %.2f ms" % (max(0, age_us) / 1000))

    def line(self):
        """A second's metrics for the black box: black_box.FIELDS."""
        timesync = self._timesync
        return {
            "fps_a": self._fps[0],
            "fps_b": self._fps[1] if len(self._fps) > 1 else None,
            "loss_pct": self._stream.sequence.loss_permille() / 10,
            "drift_us": timesync.drift_us,
            "rtt_us": timesync.rtt_us,
            "bound_us": timesync.bound_us if timesync.locked else None,
            "start_us_p99": self._renderer.start_us.percentile(99),
            "heap_kb": self._heap_free() // 1024,
            "frames_late": self._renderer.frames_late,
            "edges_late": self._renderer.late,
            "locked": 1 if timesync.locked else 0,
        }

    def sound(self):
        """A second's sound for the black box: black_box.AUDIO_FIELDS; None without a snapshot."""
        if not self._audio.read(self._sound):
            return None
        hearing = self._renderer.hearing
        return {
            "peak": packets.u16(self._sound, PEAK_AT),
            "rms": packets.u16(self._sound, RMS_AT),
            "bpm": hearing.bpm_x100 / 100,
            "confidence_pct": hearing.confidence * 100 // 65535,
        }

    def keepalive(self, rssi):
        """The fields of a keepalive but the session's own."""
        return {
            "rssi": rssi,
            "loss_pct": self._stream.sequence.loss_permille() / 10,
            "drift_us": self._timesync.drift_us,
            "uptime_s": self.uptime_s,
            "state": self.state(),
            "locked": self._timesync.locked,
            "ticks": self._stream.sequence.received,
            "clock": self._timesync.state,
            "clock_reason": self._timesync.reason,
            "clock_bound_us": self._timesync.bound_us,
            "render_fps": self._fps,
            "heap_free": self._heap_free(),
            "stats": self._stats(),
        }

    def _stats(self):
        renderer, stream, timesync, audio = self._renderer, self._stream, self._timesync, self._audio
        counters = {
            "late": renderer.late,
            "applied": renderer.applied,
            "repaired": renderer.repaired,
            "dups": stream.duplicate_edges,
            "dropped": self._queue.dropped + self._queue.coalesced,
            "bad_packets": stream.bad_packets,
            "fallbacks": self._fallback.entered,
            "lock_ms": timesync.lock_us // 1000,
            "unlocks": timesync.unlocks,
            "rtt_us": timesync.rtt_us,
            "offset_us": timesync.offset,
            "ts_udp": timesync.over_udp,
            "frames_late": renderer.frames_late,
            "render_us_p50": renderer.render_us.percentile(50),
            "render_us_p99": renderer.render_us.percentile(99),
            "start_us_p50": renderer.start_us.percentile(50),
            "start_us_p99": renderer.start_us.percentile(99),
            "hops": audio.hops,
            "audio_us_p50": audio.latency_us.percentile(50),
            "audio_us_p99": audio.latency_us.percentile(99),
            "torn": audio.torn(),
            "bpm_x100": renderer.hearing.bpm_x100,
            "confidence_pct": renderer.hearing.confidence * 100 // 65535,
            "beat_source": renderer.hearing.source,
            "reconnects": max(0, self.sessions - 1),
            "bad_messages": self.bad_messages,
        }
        for name, us, wire_us in zip("ab", renderer.strip_us, self._leds.strip_wire_us):
            counters["render_%s_us_p50" % name] = us.percentile(50)
            counters["render_%s_us_p99" % name] = us.percentile(99)
            counters["render_%s_us_max" % name] = us.worst
            counters["wire_%s_us" % name] = wire_us
        counters.update(self._leds.report())
        counters.update(audio.report())
        if self.black_box is not None:
            counters.update(self.black_box.figures())
        return counters

    def _print_changes(self):
        timesync = self._timesync
        if timesync.locked != self._locked or timesync.unlocks != self._unlocks:
            if timesync.unlocks != self._unlocks:
                self._say("[SYNC] lost: %s" % (timesync.reason or "relocked at once"))
            if timesync.locked:
                self._say("[SYNC] locked in %d ms" % (timesync.lock_us // 1000))
            self._locked = timesync.locked
            self._unlocks = timesync.unlocks
        mode = self._fallback.mode
        if mode != self._mode:
            self._mode = mode
            if self.updating:
                return
            if mode != LIVE:
                self._say("[FALLBACK] no stream: %s" % ("the scene is held" if mode == HOLD else "idle"))
            elif self._fallback.entered:
                self._say("[FALLBACK] over: the stream is back")

    def _say(self, text):
        """A line on the console, and in the black box."""
        print(text)
        if self.black_box is not None:
            self.black_box.event(text)
