"""What a keepalive says of what the node hears."""

import pytest
from node_support import Datagrams, Node, Sound

from lightwave import messages
from lightwave_node.hearing import HUB, NOBODY, OWN
from lightwave_node.telemetry import Telemetry


class Heard:
    def __init__(self):
        self.sound = Sound()
        self.node = node = Node(audio=self.sound)
        self.hub = Datagrams()
        node.hear(self.hub.state(0))
        self.telemetry = Telemetry(
            node.clock, node.timesync, node.stream, node.queue, node.renderer, node.fallback, node.leds, node.audio,
            lambda: 0, False,
        )  # fmt: skip

    def stats(self, confidence, hub_bpm_x100=0):
        self.node.hear(self.hub.beat(10_000, bpm_x100=hub_bpm_x100))
        self.sound.beat(12850, confidence, 0, 0)
        self.sound.hop(self.node.clock.now())
        self.node.renderer.frame()
        return self.telemetry.keepalive(-50)["stats"]


@pytest.mark.parametrize(
    ("confidence", "hub_bpm_x100", "percent", "source"),
    [(65535, 0, 100, OWN), (32768, 0, 50, OWN), (655, 0, 0, NOBODY), (65535, 9000, 100, HUB)],
)
def test_tempo_confidence_and_source(confidence, hub_bpm_x100, percent, source):
    stats = Heard().stats(confidence, hub_bpm_x100)
    assert (stats["bpm_x100"], stats["confidence_pct"], stats["beat_source"]) == (12850, percent, source)


def test_there_is_room_for_the_ports_counters():
    heard = Heard()
    fields = heard.telemetry.keepalive(-50)
    most = {f"led_and_audio_{number}": 2**30 for number in range(7)}  # native ports: 6 and 1
    fields["stats"].update(most)
    text = messages.build("ka", nodeId=1, token="x" * 16, **fields)
    assert messages.parse(text, messages.NODE)["stats"].keys() > most.keys()
