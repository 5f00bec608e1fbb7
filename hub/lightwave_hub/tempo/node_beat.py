"""The tempo that a node finds in what it hears, as its keepalives tell it: without a phase, once a second."""

from lightwave_hub.node import STREAMING
from lightwave_hub.registry import NodeTable
from lightwave_hub.tempo.source import Reading, Source

FRESH_US = 2_500_000  # two keepalives may go missing
_SAME = 0.0025  # of a tempo: what its estimate wavers by while the music keeps one


class NodeBeat(Source):
    def __init__(self, table: NodeTable, mac: str) -> None:
        self._table = table
        self._mac = mac
        self._bpm = 0.0

    def read(self, now_us: int) -> Reading | None:
        node = next((node for node in self._table.nodes() if node.mac == self._mac), None)
        if node is None or node.state not in STREAMING or now_us - node.last_seen_us > FRESH_US:
            self.detail = f"node {self._mac} is not here"
            return None
        stats = node.health.stats
        bpm = stats.get("bpm_x100", 0) / 100
        self.detail = f"node {node.node_id} hears {bpm:g} BPM" if bpm else f"node {node.node_id} hears no tempo"
        if not bpm:
            return None
        if abs(bpm - self._bpm) > _SAME * bpm:
            self._bpm = bpm
        return Reading(node.last_seen_us, self._bpm, None, False, round(stats.get("confidence_pct", 0)))
