"""Runs on the node, at its REPL: the whole application, with a scripted hub where the network would be.

Small, because a stock board has little memory left beside the application.
"""

import _thread
import gc
import json
import select
import time
from array import array

from lightwave import packets
from lightwave_hw.board import Board
from lightwave_node import effects, pipeline
from lightwave_node.config import Config

SHOW_TOKEN = "token-of-the-validation"
TICK_MS = 10
SCENE_EVERY = 10  # ticks
SETTLE_MS = 500
ALMOST_WHITE = 254  # dithering wavers by one


def read_config(**changed):
    with open("/config.json") as file:
        values = json.load(file)
    values.update(changed)
    return Config(values)


class ScriptedHub:
    """Stands where the socket does. Every 10 ms a datagram: first the state (both channels solid white), then beats,
    and every so often a scene for the channels `scenes_for`, each another effect and cross-fading."""

    def __init__(self, scenes_for=0):
        self._scenes_for = scenes_for
        self._hash = packets.token_hash(SHOW_TOKEN)
        self._sent = 0
        self._poll = select.poll()  # waits without the GIL, as a socket does; on stock firmware sleep_ms keeps it

    def open(self, address, port):
        pass

    def close(self):
        pass

    def receive(self, buf):
        self._poll.ipoll(TICK_MS)
        number = self._sent
        self._sent += 1
        if number == 0:
            self._head(buf, packets.STATE, packets.STATE_SIZE)
            packets.pack_beat(buf, packets.PAYLOAD_AT, 0, 0, 0)
            packets.pack_state_head(buf, packets.PAYLOAD_AT, 0, 255, packets.FLAG_LIT)
            self._block(buf, packets.STATE_BLOCK_A_AT, 0, 0)
            self._block(buf, packets.STATE_BLOCK_B_AT, 0, 0)
        elif self._scenes_for and number % SCENE_EVERY == 0:
            scene = number // SCENE_EVERY
            self._head(buf, packets.SCENE_CHANGE, packets.EDGE_SIZE)
            packets.pack_edge(buf, packets.PAYLOAD_AT, scene, self._scenes_for, packets.MASK_ALL, 100)
            self._block(buf, packets.EDGE_BLOCK_AT, scene % len(effects.NAMES), scene * 40 % 256)
        else:
            self._head(buf, packets.BEAT_TICK, packets.BEAT_SIZE)
            packets.pack_beat(buf, packets.PAYLOAD_AT, 12000, number * 1311 % 65536, number // 50)
        return packets.PACKET_SIZE

    def _head(self, buf, kind, length):
        now = self._sent * TICK_MS * 1000
        packets.pack_header(buf, kind, length, self._sent, self._hash, now, now)

    def _block(self, buf, at, effect, colour):
        packets.pack_block(
            buf, packets.PAYLOAD_AT + at, effect=effect, palette=0, brightness=255, speed=128, intensity=128,
            hue=colour, saturation=colour, blur=0, flags=packets.FLAG_ENABLED,
        )  # fmt: skip


class Watch:
    """Stands where the control plane does, on the main thread: the show lasts as long as `body(pipeline)` takes."""

    def __init__(self, running_pipeline, body):
        self.running = True
        self.seen = None
        self._pipeline = running_pipeline
        self._body = body

    def run(self):
        self.seen = self._body(self._pipeline)


def run_show(config, hub, body, watch_leds=None):
    """Returns what `body` does. A failure in any thread is raised."""
    gc.collect()
    hardware = Board(config)
    hardware.receiver = hub
    if watch_leds is not None:
        hardware.leds = watch_leds(hardware.leds)
    show = pipeline.Pipeline(config, hardware)
    show.control = watch = Watch(show, body)
    show.stream.begin_session(SHOW_TOKEN)
    show.stream.listen("0.0.0.0", 0)
    show.run()
    return watch.seen


class WatchedLeds:
    """A LED port that looks at what strip B is given: `white` counts the frames that are, within the dithering, `other`
    the rest."""

    def __init__(self, port):
        self._port = port
        self.wire_us = port.wire_us
        self.shown = port.shown
        self.report = port.report
        self.show = port.show
        self.dark = port.dark
        self.close = port.close
        self.looking = False
        self.white = 0
        self.other = 0

    def load(self, strip, wire):
        self._port.load(strip, wire)
        if strip == 1 and self.looking:
            if min(wire) >= ALMOST_WHITE:
                self.white += 1
            else:
                self.other += 1


def dual_channel(seconds):
    """Seed 004's validation: both channels run, A's scene changes every 100 ms, B's never."""
    watched = []

    def watch_leds(port):
        watched.append(WatchedLeds(port))
        return watched[0]

    def body(show):
        leds, renderer = watched[0], show.renderer
        time.sleep_ms(SETTLE_MS)
        leds.looking = True
        renderer.render_us.reset()
        applied, late, shown = renderer.applied, renderer.frames_late, list(leds.shown)
        began = time.ticks_ms()
        time.sleep_ms(seconds * 1000)
        took_ms = time.ticks_diff(time.ticks_ms(), began)
        frames = [after - before for after, before in zip(leds.shown, shown)]  # noqa: B905 - not on MicroPython
        return {
            "target": config.fps,
            "fps": [count * 1000 / took_ms for count in frames],
            "frames": frames,
            "frames_late": renderer.frames_late - late,
            "render_us_p50": renderer.render_us.percentile(50),
            "render_us_p99": renderer.render_us.percentile(99),
            "scenes": renderer.applied - applied,
            "b_white": leds.white,
            "b_other": leds.other,
        }

    config = read_config()
    return run_show(config, ScriptedHub(packets.CHANNEL_A), body, watch_leds)


def concurrent_reads(threads, each):
    """Readers side by side with a whole show and the task that writes: [reads, timeouts, torn, hops seen, torn by the
    lock's own count]."""
    import _lightwave

    reads, timeouts, torn = [0] * threads, [0] * threads, [0] * threads
    hops = [0, 0]
    left = [threads]
    lock = _thread.allocate_lock()

    def read(me):
        words = array("I", bytes(_lightwave.snapshot_size()))
        for _ in range(each):
            reads[me] += 1
            if not _lightwave.snapshot_read(words):
                timeouts[me] += 1
            elif words[0] != words[48]:
                torn[me] += 1
            time.sleep_ms(1)
        with lock:
            left[0] -= 1

    def body(show):
        time.sleep_ms(100)
        words = array("I", bytes(_lightwave.snapshot_size()))
        _lightwave.snapshot_read(words)
        hops[0] = words[0]
        for me in range(threads):
            _thread.start_new_thread(read, (me,))
        while left[0]:
            time.sleep_ms(5)
        _lightwave.snapshot_read(words)
        hops[1] = words[0]
        counts = array("I", [0] * 5)
        _lightwave.audio_stats(counts)
        return [sum(reads), sum(timeouts), sum(torn), hops[1] - hops[0], counts[3]]

    return run_show(read_config(), ScriptedHub(packets.CHANNEL_A), body)
