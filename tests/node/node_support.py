"""Stand-ins for a node's hardware, and datagrams as a hub sends them. Runs on both interpreters."""

from lightwave import packets, ticks
from lightwave.apply_queue import ApplyQueue
from lightwave.beat import BeatClock
from lightwave.timesync import TimeSync
from lightwave_node import effects, kernels, palettes, snapshot
from lightwave_node.fallback import Fallback
from lightwave_node.frame_grid import FrameGrid
from lightwave_node.hearing import Hearing
from lightwave_node.renderer import Renderer
from lightwave_node.show_state import ShowState
from lightwave_node.silence import Silence
from lightwave_node.stream import Stream
from lightwave_node.strip import Strip

TOKEN = "token-of-this-test"
SOLID, GRADIENT, PULSE, SPECTRUM = range(4)


class FakeClock:
    """Stands still unless something waits."""

    def __init__(self, now=0):
        self.time = now

    def now(self):
        return self.time

    def pass_us(self, us):
        self.time = ticks.add(self.time, us)

    def sleep_ms(self, ms):
        self.pass_us(ms * 1000)

    def sleep_until(self, deadline):
        if ticks.before(self.time, deadline):
            self.time = deadline

    sleep_towards = sleep_until


class FakeLeds:
    """Keeps what each strip was last given, and when it was shown."""

    wire_us = 5000
    strip_wire_us = (4720, 4720)

    def __init__(self, clock, strips=2):
        self.clock = clock
        self.loaded = [b""] * strips
        self.shown = [0] * strips
        self.started_at = 0

    def load(self, strip, wire):
        self.loaded[strip] = wire

    def show(self, at):
        self.clock.sleep_until(at)
        self.started_at = self.clock.now()
        for strip in range(len(self.shown)):
            self.shown[strip] += 1
        return ticks.diff(self.started_at, at)

    def report(self):
        return {}

    def dark(self):
        pass


class Sound(Silence):
    """A microphone's analysis, as a test says it is."""

    def __init__(self):
        super().__init__("a test")
        self.snapshot = bytearray(self.snapshot_size)

    def read(self, copy):
        for i in range(self.snapshot_size):
            copy[i] = self.snapshot[i]
        return True

    def put(self, at, value):
        """A u16 field."""
        self.snapshot[at] = value & 255
        self.snapshot[at + 1] = value >> 8

    def put_long(self, at, value):
        """A u32 field."""
        self.put(at, value & 0xFFFF)
        self.put(at + 2, value >> 16)

    def hop(self, captured_us, silent=False):
        """The next hop, whose last sample came then."""
        self.hops += 1
        self.put_long(snapshot.HOP_AT, self.hops)
        self.put_long(snapshot.CAPTURED_AT, captured_us)
        self.put(snapshot.FLAGS_AT, snapshot.FLAG_SILENCE if silent else 0)

    def beat(self, bpm_x100, confidence, phase, beat):
        self.put(snapshot.BPM_X100_AT, bpm_x100)
        self.put(snapshot.CONFIDENCE_AT, confidence)
        self.put(snapshot.PHASE_AT, phase)
        self.put_long(snapshot.BEAT_AT, beat)


class NoReceiver:
    """For tests that hand datagrams to the stream themselves."""

    def open(self, address, port):
        pass

    def receive(self, buf):
        return -1

    def close(self):
        pass


class Datagrams:
    """Builds a hub's datagrams, numbering them."""

    def __init__(self, token=TOKEN):
        self.buf = bytearray(packets.PACKET_SIZE)
        self.hash = packets.token_hash(token)
        self.seq = 0

    def _head(self, kind, length, hub_now, apply_at=None):
        for i in range(packets.PACKET_SIZE):
            self.buf[i] = 0
        if apply_at is None:
            apply_at = hub_now + 30000
        packets.pack_header(self.buf, kind, length, self.seq, self.hash, hub_now, apply_at)
        self.seq += 1

    def edge(
        self, hub_now, edge, channels=3, kind=packets.SCENE_CHANGE, mask=packets.MASK_ALL, fade_ms=0, apply_at=None,
        **block
    ):  # fmt: skip
        self._head(kind, packets.EDGE_SIZE, hub_now, apply_at)
        packets.pack_edge(self.buf, packets.PAYLOAD_AT, edge, channels, mask, fade_ms)
        packets.pack_block(self.buf, packets.PAYLOAD_AT + packets.EDGE_BLOCK_AT, **look(**block))
        return bytes(self.buf)

    def beat(self, hub_now, bpm_x100=12000, phase=0, beat=0):
        self._head(packets.BEAT_TICK, packets.BEAT_SIZE, hub_now)
        packets.pack_beat(self.buf, packets.PAYLOAD_AT, bpm_x100, phase, beat)
        return bytes(self.buf)

    def heartbeat(self, hub_now):
        self._head(packets.HEARTBEAT, 0, hub_now)
        return bytes(self.buf)

    def state(self, hub_now, edge=0, master=255, flags=packets.FLAG_LIT, a=None, b=None):
        self._head(packets.STATE, packets.STATE_SIZE, hub_now)
        at = packets.PAYLOAD_AT
        packets.pack_beat(self.buf, at, 0, 0, 0)
        packets.pack_state_head(self.buf, at, edge, master, flags)
        packets.pack_block(self.buf, at + packets.STATE_BLOCK_A_AT, **look(**(a or {})))
        packets.pack_block(self.buf, at + packets.STATE_BLOCK_B_AT, **look(**(b or {})))
        return bytes(self.buf)


def look(**changed):
    """A channel block: solid red at full brightness, but for what is given."""
    block = {
        "effect": SOLID,
        "palette": 0,
        "brightness": 255,
        "speed": 128,
        "intensity": 128,
        "hue": 0,
        "saturation": 255,
        "blur": 0,
        "flags": packets.FLAG_ENABLED,
    }
    block.update(changed)
    return block


def locked_timesync(offset=0, now=0):
    """A time sync that has locked on a hub whose clock is `offset` behind ours."""
    timesync = TimeSync()
    timesync.start(now, 1)
    hub = ticks.diff(now, offset) % ticks.PERIOD
    for i in range(12):
        at = ticks.add(now, i * 20000)
        seq = timesync.ping(at)
        timesync.pong(seq, at, hub + i * 20000 + 500, ticks.add(at, 1000))
        timesync.anchor(ticks.add(at, 1000))
    assert timesync.locked
    return timesync


class Node:
    """Stream, queue, renderer and what belongs to them, on a fake clock and fake LEDs."""

    def __init__(
        self, lengths=(8, 8), fps=60, timesync=None, now=0, chosen_kernels=kernels, clock=None, leds=None, audio=None
    ):
        self.clock = clock if clock is not None else FakeClock(now)
        self.timesync = timesync if timesync is not None else TimeSync()
        self.queue = ApplyQueue()
        self.stream = Stream(self.clock, NoReceiver(), self.queue)
        self.stream.begin_session(TOKEN)
        self.grid = FrameGrid(fps, self.clock.now(), self.timesync)
        self.show = ShowState()
        self.strips = [Strip(chosen_kernels, n, effects.EFFECTS, palettes.gradients()) for n in lengths]
        self.fallback = Fallback(10000, self.grid.frame_us, effects.names())
        self.leds = leds if leds is not None else FakeLeds(self.clock, len(lengths))
        self.audio = audio if audio is not None else Silence("a test")
        self.hearing = Hearing(self.audio, BeatClock(), chosen_kernels)
        self.renderer = Renderer(
            self.clock, self.grid, self.timesync, self.stream, self.queue, self.hearing, self.show, self.strips,
            self.fallback, self.leds, 8000,
        )  # fmt: skip

    def hear(self, datagram):
        """The stream gets a datagram."""
        packet = self.stream._packet
        for i in range(len(datagram)):
            packet[i] = datagram[i]
        self.stream.handle(len(datagram), self.clock.now())

    def colour(self, strip):
        """(red, green, blue) that all LEDs of a strip show, to a step of dithering; None when they differ."""
        wire = self.leds.loaded[strip]
        for at in range(3, len(wire)):
            if abs(wire[at] - wire[at % 3]) > 1:
                return None
        return wire[1], wire[0], wire[2]

    def show_first_scene(self):
        """Frames until a first scene (solid red) is fully there."""
        self.hear(Datagrams().state(0))
        for _ in range(20):
            self.renderer.frame()
