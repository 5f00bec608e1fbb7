"""Scene changes reach every node through a link that loses a fifth of all packets, each by itself: the hub's part, and
four nodes from the stream to the looks."""

import random

import pytest
from node_support import TOKEN, Node, locked_timesync

from lightwave import packets
from lightwave_hub.conductor import NOW, Conductor, When
from lightwave_hub.part import Block, Scores
from lightwave_hub.show_clock import Beat, ShowClock

TICK_US = 10_000
LOSS = 0.2
CHANGES = 50
GAP_TICKS = 50
BOTH = packets.CHANNEL_A | packets.CHANNEL_B


class Link:
    """A hub on a hand, and nodes that hear four of five of its datagrams."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.now_us = 1_000_000
        clock = ShowClock(lambda: self.now_us * 1000)
        self.conductor = Conductor(Scores(Block(), Block(), 255), clock)
        self.nodes = [Node(lengths=(1, 1), timesync=locked_timesync(0, self.now_us), now=self.now_us) for _ in range(4)]
        self._seq = 0
        self._token_hash = packets.token_hash(TOKEN)

    def tick(self):
        self.now_us += TICK_US
        self.conductor.parts.fill(self.now_us, Beat(0, 0, 0))
        for slot in self.conductor.tutti.datagrams:
            packets.pack_address(slot, self._seq, self._token_hash)
            self._seq += 1
            for node in self.nodes:
                if self.random.random() >= LOSS:
                    node.hear(slot)
        for node in self.nodes:
            while node.grid.deadline < self.now_us:
                node.renderer.frame()


@pytest.mark.parametrize("ahead_us", [0, 400_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_50_of_50_scene_changes_are_applied_by_all_four_nodes(ahead_us, seed):
    link = Link(seed)
    for number in range(CHANGES):
        when = When(at_us=link.now_us + ahead_us) if ahead_us else NOW
        link.conductor.scene(BOTH, effect=0, params={"hue": 5 * number + 1}, when=when)
        for _ in range(GAP_TICKS):
            link.tick()
        assert {node.show.channels[1].hue for node in link.nodes} == {5 * number + 1}
    applied = sum(node.renderer.applied for node in link.nodes)
    repaired = sum(node.show.repaired for node in link.nodes)
    assert applied + repaired >= CHANGES * len(link.nodes)
    assert applied >= 0.97 * CHANGES * len(link.nodes), "three sendings: 99.2 % come as edges, the others in a STATE"
    assert sum(node.renderer.late for node in link.nodes) == 0
    assert sum(node.stream.duplicate_edges for node in link.nodes) > CHANGES
