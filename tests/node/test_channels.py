"""The two channels are independent: whatever happens to one, the other's bytes on the wire are the same."""

import pytest
from node_support import Datagrams, Node

from lightwave import packets
from lightwave_node import effects

A, B = packets.CHANNEL_A, packets.CHANNEL_B
FRAMES = 120
# What happens to channel A, at which frame.
CHANGES = {
    10: {"effect": 4, "palette": 3},
    25: {"effect": 16, "speed": 255, "fade_ms": 400},
    40: {"kind": packets.PARAM_DELTA, "mask": packets.MASK_BRIGHTNESS, "brightness": 30},
    41: {"kind": packets.PARAM_DELTA, "mask": packets.MASK_HUE | packets.MASK_SATURATION, "hue": 99, "fade_ms": 300},
    60: {"kind": packets.PARAM_DELTA, "mask": packets.MASK_FLAGS, "flags": 0},
    70: {"effect": 8, "palette": 9, "blur": 200, "flags": packets.FLAG_ENABLED | packets.FLAG_MIRROR},
    90: {"kind": packets.PARAM_DELTA, "mask": packets.MASK_SPEED | packets.MASK_PALETTE, "speed": 1, "palette": 77},
}


def show(channel, effect, changes, lengths):
    """What both strips show, frame by frame: both run an effect, and `channel` goes through changes."""
    node = Node(lengths=lengths)
    hub = Datagrams()
    node.hear(hub.state(0))
    node.hear(hub.beat(0, bpm_x100=13_000))
    node.hear(hub.edge(0, 1, channels=A | B, effect=effect, palette=2, brightness=180))
    shown = ([], [])
    for number in range(FRAMES):
        if number in changes:
            node.hear(hub.edge(0, 2 + number, channels=channel, **changes[number]))
        node.hear(hub.heartbeat(0))
        node.renderer.frame()
        for strip in range(2):
            shown[strip].append(bytes(node.leds.loaded[strip]))
    return shown


@pytest.mark.parametrize("effect", range(len(effects.NAMES)), ids=effects.NAMES)
def test_changes_on_one_leave_the_other_alone(effect):
    for channel, changed, other in ((A, 0, 1), (B, 1, 0)):
        with_changes = show(channel, effect, CHANGES, (20, 17))
        without = show(channel, effect, {}, (20, 17))
        assert with_changes[other] == without[other]
        assert with_changes[changed] != without[changed]


def test_the_length_of_one_does_not_matter_to_the_other():
    assert show(A, 2, {}, (20, 17))[1] == show(A, 2, {}, (5, 17))[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("effect", 1), ("palette", 5), ("brightness", 99), ("hue", 40), ("saturation", 9), ("blur", 90), ("flags", 0)],
)
def test_each_parameter_is_the_channel_s_own(field, value):
    node = Node(lengths=(9, 9))
    hub = Datagrams()
    node.hear(hub.state(0, a={"effect": 1, "palette": 1}, b={"effect": 1, "palette": 1, field: value}))
    node.hear(hub.edge(10_000, 1, channels=A, effect=4, palette=1))
    node.hear(hub.edge(10_000, 2, channels=B, **{"effect": 4, "palette": 1, field: value}))
    for _ in range(10):
        node.hear(hub.heartbeat(10_000))
        node.renderer.frame()
    assert node.leds.loaded[0] != node.leds.loaded[1]
