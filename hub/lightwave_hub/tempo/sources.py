"""The sources of tempo a hub can choose from, by name: "manual", "link", "midi", "node:" and a MAC."""

from typing import Any

from lightwave.fields import FieldError, Mac
from lightwave_hub.errors import TempoSourceError
from lightwave_hub.node import STREAMING
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tempo import link, midi_port
from lightwave_hub.tempo.node_beat import NodeBeat
from lightwave_hub.tempo.source import Source

MANUAL = "manual"
LINK = "link"
MIDI = "midi"
_NODE = "node:"


class Sources:
    def __init__(self, clock: ShowClock, table: NodeTable, midi_port_name: str) -> None:
        self._clock = clock
        self._table = table
        self._midi_port_name = midi_port_name

    def make(self, name: str) -> Source | None:
        """The source of that name, still closed; None is nobody's but the hands'. Raises TempoSourceError."""
        if name == MANUAL:
            return None
        if name == LINK:
            return link.LinkSession(self._clock)
        if name == MIDI:
            return midi_port.MidiPort(self._midi_port_name, self._clock.now_us)
        if name.startswith(_NODE) and _is_mac(name.removeprefix(_NODE)):
            return NodeBeat(self._table, name.removeprefix(_NODE))  # it may come later
        known = ", ".join(source["id"] for source in self.offered())
        raise TempoSourceError("", f"must be one of {known}, or {_NODE} and a MAC AA:BB:CC:DD:EE:FF")

    def offered(self) -> list[dict[str, Any]]:
        """All that could be chosen now, and why not where not."""
        no_link = "" if link.is_installed() else link.NOT_INSTALLED
        no_midi = midi_port.why_not()
        return [
            _offer(MANUAL, "Manual and taps"),
            _offer(LINK, "Ableton Link", no_link),
            _offer(MIDI, "MIDI clock", no_midi),
            *(
                _offer(f"{_NODE}{node.mac}", f"What node {node.node_id} hears")
                for node in self._table.nodes()
                if node.state in STREAMING
            ),
        ]


def _is_mac(text: str) -> bool:
    try:
        Mac().check(text, "mac")
    except FieldError:
        return False
    return True


def _offer(name: str, title: str, why_not: str = "") -> dict[str, Any]:
    return {"id": name, "name": title, "available": not why_not, "detail": why_not}
