"""Runs as main.py on a SIM node, with a board's heap: memory over many frames, and the times of the two paths by which
an event reaches a frame. Prints `figures {...}`. Clock and LEDs are tests/node/node_support.py's: a frame waits for
nothing, all else is the node's own."""

import gc
import json
import time
from array import array

from node_support import Datagrams, FakeClock, FakeLeds, Node, locked_timesync

from lightwave import messages, packets, ticks
from lightwave.apply_queue import ApplyQueue
from lightwave.compat import first_importable
from lightwave_node import effects, palettes
from lightwave_node.telemetry import Telemetry

RUNS = 3000
BATCH = 10  # datagrams between two looks at the clock, which counts whole microseconds
QUEUE = 64
SCENE_FRAMES = 240
STATE_FRAMES = 20
FPS = 120
LEDS = (180, 180)
KERNELS = first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels")


class Leds(FakeLeds):
    """Takes frames as the native port does: it does not wait for the wire."""

    def show(self, at):
        return 0


class Show:
    """A hub's stream, every effect and palette in turn, and once a second what the control thread does."""

    def __init__(self):
        clock = FakeClock()
        self.node = node = Node(
            lengths=LEDS, fps=FPS, timesync=locked_timesync(), chosen_kernels=KERNELS, clock=clock, leds=Leds(clock)
        )
        self._hub = Datagrams()
        self._frame = 0
        self.scenes = 0
        self._effects = len(effects.names())
        self._palettes = len(palettes.names())
        self._telemetry = Telemetry(
            node.clock, node.timesync, node.stream, node.queue, node.renderer, node.fallback, node.leds, node.audio,
            gc.mem_free, False,
        )  # fmt: skip

    def play(self, frames):
        for _ in range(frames):
            self.node.hear(self._datagram(self.node.clock.now()))
            self.node.renderer.frame()
            self._frame += 1
            if self._frame % FPS == 0:
                self._second(self.node.clock.now())

    def _datagram(self, now):
        if self._frame % SCENE_FRAMES == 1:
            return self._scene(now)
        beat = self._frame * 2 // FPS
        phase = self._frame * 2 % FPS * 65536 // FPS
        if self._frame % STATE_FRAMES == 0 and not self.scenes:
            return self._hub.state(now)
        return self._hub.beat(now, phase=phase, beat=beat)

    def _scene(self, now):
        """Channels take turns, so that the two differ and either may be fading."""
        self.scenes += 1
        number = self.scenes // 2
        return self._hub.edge(
            now, self.scenes, channels=1 + self.scenes % 2, fade_ms=500, effect=number % self._effects,
            palette=number % self._palettes, blur=number * 16 % 256, hue=number * 77 % 256,
            flags=packets.FLAG_ENABLED | (packets.FLAG_MIRROR if number % 2 else 0),
        )  # fmt: skip

    def _second(self, now):
        timesync = self.node.timesync
        seq = timesync.ping(now)
        timesync.pong(seq, now, now + 500, ticks.add(now, 1000))
        timesync.anchor(ticks.add(now, 1000))
        self._telemetry.update()
        messages.build("ka", nodeId=1, token="0" * 32, **self._telemetry.keepalive(-50))


def memory(frames):
    show = Show()
    show.play(len(effects.names()) * SCENE_FRAMES // 4)  # what is made once, at first use, is no growth
    gc.collect()
    before = gc.mem_alloc()
    began = time.ticks_ms()
    show.play(frames)
    took_ms = time.ticks_diff(time.ticks_ms(), began)
    gc.collect()
    growth = gc.mem_alloc() - before  # before the dict below takes its memory
    return {
        "heap_growth_bytes": growth,
        "frames": frames,
        "frames_ms": took_ms,
        "heap_free_bytes": gc.mem_free(),
        "scenes": show.scenes,
        "applied": show.node.renderer.applied,
    }


def percentiles(name, samples, divide):
    ordered = sorted(samples)
    return {
        name + "_p50": ordered[len(ordered) // 2] / divide,
        name + "_p99": ordered[len(ordered) * 99 // 100] / divide,
    }


def due():
    """All events of a full queue taken and given back, as a frame does it whose hub time has reached them."""
    queue = ApplyQueue(QUEUE)
    edge = Datagrams().edge(0, 1)
    now, diff = time.ticks_us, time.ticks_diff
    us = array("I", [0] * RUNS)
    for run in range(RUNS):
        for i in range(QUEUE):
            queue.push(packets.SCENE_CHANGE, i, edge, packets.PAYLOAD_AT, packets.EDGE_SIZE)
        began = now()
        slot = queue.pop_due(QUEUE)
        while slot >= 0:
            queue.release(slot)
            slot = queue.pop_due(QUEUE)
        us[run] = diff(now(), began)
    return percentiles("due_us", us, 1)


def rx(name, datagram):
    """`datagram` judged, numbered, filtered and queued, again and again under new numbers."""
    node = Node(lengths=LEDS)
    node.hear(datagram)
    stream, packet = node.stream, node.stream._packet
    now, diff = time.ticks_us, time.ticks_diff
    us = array("I", [0] * RUNS)
    number = 0
    for run in range(RUNS):
        node.queue.clear()
        began = now()
        for _ in range(BATCH):
            number += 1
            packet[packets.SEQ_AT] = packet[packets.PAYLOAD_AT] = number & 255
            packet[packets.SEQ_AT + 1] = packet[packets.PAYLOAD_AT + 1] = number >> 8
            stream.handle(packets.PACKET_SIZE, 0)
        us[run] = diff(now(), began)
    assert stream.accepted == RUNS * BATCH + 1 and stream.duplicate_edges == 0 and node.queue.dropped == 0
    return percentiles(name, us, BATCH)


def main():
    with open("/bench.json") as file:
        frames = json.load(file)["frames"]
    figures = memory(frames)
    gc.collect()
    figures.update(due())
    figures.update(rx("rx_us", Datagrams().edge(0, 0)))
    figures.update(rx("rx_state_us", Datagrams().state(0)))
    print("figures", json.dumps(figures))


main()
