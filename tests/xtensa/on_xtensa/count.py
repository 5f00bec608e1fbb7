"""Runs what is to be counted, each thing within _xtensa.count, and prints what it was: one line "GROUP NAME" for each
stretch of the trace, in their order. `count.py kernels|frames|packets|signature`

Nothing here reads a clock, so the counts are the same every time.
"""

import gc
import sys
from array import array

import uctypes
from _xtensa import count
from node_support import Datagrams, FakeClock, Node
from stage import FRAME_US, Stage

from lightwave import ticks
from lightwave.packets import BEAT_TICK
from lightwave_hw import kernels_viper
from lightwave_node import effects
from lightwave_node.light import FULL, LINEAR, THRESHOLDS, gain

LEDS = 180  # of one strip
FRAMES = 3  # so many are counted of each effect: what moves in steps steps in one of them
LOOK = {"palette": 1, "speed": 128, "intensity": 200}
BPM_X100 = 12000


def counted(group, name, function, *arguments):
    count(function, *arguments)
    print(group, name)


# ---- kernels: one strip ---------------------------------------------------------------------------------------------


def words(length, step=4099):
    return array("H", [i * step & 0xFFFF for i in range(length)])


def stops():
    return bytes([0, 255, 0, 0, 85, 0, 255, 0, 170, 0, 0, 255, 255, 255, 0, 0])


def some_state():
    return array("H", [12345, 0])


def sound():
    return bytearray([i * 37 & 255 for i in range(196)])


def arguments():
    """kernel: its arguments, as a heavy effect has them on a strip of 180."""
    light, place, pixels = words(LEDS), words(LEDS, 251), words(3 * LEDS)
    pulses = [0] * (16 * 3 * LEDS)
    return {
        "copy": (light, place, LEDS),
        "ramp": (place, LEDS, 1000, 364),
        "swell": (light, LEDS, 1000, 364, 128),
        "fade": (light, LEDS, 16000),
        "spot": (light, LEDS, 23000, 2560),
        "box": (light, LEDS, 10000, 30000, 65535),
        "tail": (light, LEDS, 23000, 20000),
        "shift": (light, LEDS, 1, 65535),
        "fold": (light, LEDS, 30),
        "sow": (light, place, LEDS, some_state(), 512, 0),
        "twinkle": (light, LEDS, 70000, 30000),
        "burn": (light, place, LEDS, some_state(), 600, 0),
        "spread": (words(195), stops(), 4, LINEAR, 0),
        "paint": (pixels, LEDS, place, light, words(195)),
        "mirror": (pixels, LEDS),
        "blur": (pixels, LEDS, 128),
        "blend": (pixels, words(3 * LEDS, 77), LEDS, 5000),
        "to_wire": (pixels, bytearray(3 * LEDS), LEDS, gain(FULL), THRESHOLDS, 7),
        "follow": (words(64), sound(), 20, 64, 16000),
        "loudest": (sound(), 20, 64),
        "octaves": (200,),
        "wipe": (sound(), 12, 180),
        "stretch": (light, LEDS, words(65), 64),
        "encode_pulses": (kernels_viper.pulse_slots(pulses), bytes([i & 255 for i in range(3 * LEDS)]), 3 * LEDS),
        "pulse_slots": (pulses,),
        "sample": (bytearray(3 * LEDS), 0, 60, bytes([i & 255 for i in range(3 * LEDS)]), LEDS),
        "xor_mask": (bytearray(125), 0, 125, b"\x37\xfa\x21\x3d"),
    }


def kernels():
    given = arguments()
    for name in kernels_viper.__all__:
        counted("kernels", name, getattr(kernels_viper, name), *given[name])


# ---- frames: one strip; its bytes for the wire are made, nothing is sent ---------------------------------------------


def one_frame(stage, number, group, name):
    """As Stage.frame, but only the strip's share is counted."""
    stage.hear(number)
    stage.moment.hub30 = ticks.add(stage.moment.hub30, FRAME_US)
    stage.moment.beat_phase = (stage.moment.beat_phase + 1092) & 0xFFFF
    counted(group, name, stage.strip.render, stage.look, stage.fader, stage.moment)


def frames():
    """Of each effect some frames, and one in the middle of a cross-fade to itself in another palette."""
    for effect in effects.NAMES:
        stage = Stage(LEDS, bpm_x100=BPM_X100, effect=effect, **LOOK)
        stage.hear(0)
        stage.frame()
        for number in range(FRAMES):
            one_frame(stage, number, "frames", effect)
        stage.scene(1000, palette=2)
        stage.frame()
        one_frame(stage, FRAMES, "fades", effect)


# ---- packets, due events and the frame loop around the strips --------------------------------------------------------


class NoLeds:
    """Nothing to load and nothing to show."""

    wire_us = 5000
    strip_wire_us = (5400, 5400)

    def load(self, strip, wire):
        pass

    def show(self, at):
        return 0


def packets():
    preview()
    node = Node(lengths=(LEDS, LEDS), chosen_kernels=kernels_viper, leds=NoLeds())
    hub = Datagrams()
    node.hear(hub.state(0))
    for _ in range(3):
        node.renderer.frame()
    received(node, hub.beat(10000), "beat")
    received(node, hub.edge(20000, edge=1), "first_edge")  # of a session: what edges came before is forgotten
    received(node, hub.edge(20000, edge=2), "edge")
    received(node, hub.edge(20000, edge=2), "repeated_edge")
    received(node, hub.state(30000), "state")
    received(node, hub.heartbeat(40000), "heartbeat")
    due(node)
    counted("loop", "solid_frame", node.renderer.frame)
    counted("loop", "solid_strip", node.renderer._draw_strip, 0)


class Wire:
    """A strip, as far as a preview looks at it."""

    count = LEDS
    wire = bytes([i & 255 for i in range(3 * LEDS)])


def preview():
    """Sampled, copied and masked, as the WebSocket does: all but a frame's head and the TCP stack."""
    from lightwave_node.preview import Preview  # not above: kernels() needs memory in one piece

    frame = bytearray(8 + 2 * 181 + 4)

    def offer(view):
        frame[8 : 8 + len(view)] = view
        kernels_viper.xor_mask(frame, 8, len(view), b"\x37\xfa\x21\x3d")

    preview = Preview(FakeClock(), kernels_viper, [Wire, Wire])
    preview.order(15)
    counted("loop", "preview", preview.step, offer)


def received(node, datagram, name):
    packet = node.stream._packet
    for i in range(len(datagram)):
        packet[i] = datagram[i]
    counted("packets", name, node.stream.handle, len(datagram), 0)


def due(node):
    queue = node.queue
    queue.clear()
    counted("due", "none", queue.pop_due, 0)
    for at in range(8):
        queue.push(BEAT_TICK, 1000 + at, bytearray(64), 28, 12)
    counted("due", "not_yet", queue.pop_due, 0)
    counted("due", "one_of_8", queue.pop_due, 5000)
    counted("due", "release", queue.release, 0)
    queue.clear()


def signature():
    """Of a signature check its beginning, 8 of its 253 bits, and its end. A wrong one costs what a right one does."""
    from binascii import unhexlify

    from lightwave.ed25519 import Verification

    key = unhexlify("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    wrong = bytes(range(63)) + b"\x0f"  # S below the order, or nothing would be computed
    check = Verification(key, bytes(100), wrong)
    counted("signature", "begin", Verification, key, bytes(100), wrong)
    check.step(100)
    counted("signature", "step", check.step, 8)
    check.step(144)
    counted("signature", "end", check.step, 1)


def tell_where_kernels_are():
    """Word 3 of a function object is where its machine code begins; the trace has no name for what lies there."""
    for name in kernels_viper.__all__:
        if name != "pulse_slots":  # a Python function
            code = uctypes.struct(id(getattr(kernels_viper, name)), {"at": uctypes.UINT32 | 12}).at
            print("code", name, hex(code))


gc.collect()
tell_where_kernels_are()
globals()[sys.argv[1]]()
