"""A show under a fault: scene changes all the while, and what of them the strips showed."""

import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from lightwave_hub.node import MAX_LOSS_PCT
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.spread import HUES, SETTLE_NS, SceneChange, colour_of, measure
from tests.network.fleet import NetworkFleet
from tests.system.conftest import all_show, known_nodes, wait_for
from tests.system.test_show import solid

CHANGE_PERIOD_S = 0.15
RECOVERY_LIMIT_S = 40
LOSS = f"loss above {MAX_LOSS_PCT:g} %"
FORGOTTEN = {"state": "FORGOTTEN", "reason": "the hub does not know it"}


@dataclass
class Outcome:
    """`seen` are the states of each node while the fault lasted; a node's `missed` are changes its strip A did not
    show. `before` and `after` are the hub's metrics."""

    before: dict[str, Any]
    changes: int = 0
    recovery_s: float = 0.0
    seen: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    missed: list[int] = field(default_factory=list)
    after: dict[str, Any] = field(default_factory=dict)

    def grew(self, *path: str) -> float:
        """By how much a figure of the metrics has grown."""
        before, after = self.before, self.after
        for key in path:
            before, after = before.get(key, {}), after.get(key, {})
        return (after or 0) - (before or 0)  # type: ignore[operator]

    def untouched(self, nodes: Iterable[int]) -> bool:
        """Whether these were READY all the while and showed every change."""
        return all(self.seen[number] <= {"READY"} and self.missed[number] == 0 for number in nodes)


class Show:
    """Changes of the scene, one after the other, each in a colour that differs from the one before."""

    def __init__(self, fleet: NetworkFleet) -> None:
        self._fleet = fleet
        shown = colour_of(fleet.strip_a()[0][-1])
        self._hues = cycle([hue for hue, colour in HUES.items() if colour != shown])
        self._taken_s = 0.0
        self.changes: list[SceneChange] = []

    def change(self, period_s: float = CHANGE_PERIOD_S) -> None:
        """Not sooner than so long after the hub took the one before, so that each has time to be shown."""
        time.sleep(max(0.0, self._taken_s + period_s - time.monotonic()))
        asked = SceneChange(time.monotonic_ns(), next(self._hues))
        self._fleet.hub.post("/api/scene", solid(asked.hue))
        self._taken_s = time.monotonic()
        self.changes.append(asked)

    def is_shown(self) -> bool:
        """Whether every strip shows the newest scene."""
        return all_show(self._fleet, HUES[self.changes[-1].hue])

    def spread_us(self) -> list[float]:
        """Of the changes that every strip has shown."""
        return measure(self.changes, self._fleet.strip_a(), time.monotonic_ns() + SETTLE_NS).spread_us

    def missed(self) -> list[int]:
        """Of each node, how many changes it did not show until the next one."""
        end_ns = time.monotonic_ns() + SETTLE_NS
        return [measure(self.changes, [strip], end_ns).missed for strip in self._fleet.strip_a()]


def endure(
    fleet: NetworkFleet,
    fault: AbstractContextManager[object],
    lasting_s: float,
    bystanders: Iterable[int],
    hub_is_there: bool,
) -> Outcome:
    """The fault for so long, then the time until all is well and every strip shows the newest scene."""
    wait_for(lambda: all(states(fleet)[number] == "READY" for number in bystanders), fleet, "bystanders are READY", 20)
    outcome = Outcome(fleet.hub.get("/metrics"))
    show = Show(fleet)
    show.change()
    wait_for(show.is_shown, fleet, "the show's first scene")
    with fault:
        until = time.monotonic() + lasting_s
        while time.monotonic() < until:
            if hub_is_there:
                show.change()
                for number, state in enumerate(states(fleet)):
                    outcome.seen[number].add(state)
            else:
                time.sleep(max(0.0, until - time.monotonic()))
    began = time.monotonic()
    wait_for(lambda: _answers(show), fleet, "the hub takes a scene", RECOVERY_LIMIT_S)
    wait_for(lambda: show.is_shown() and all_well(fleet), fleet, "all is well again", RECOVERY_LIMIT_S)
    outcome.recovery_s = time.monotonic() - began
    outcome.changes = len(show.changes)
    outcome.missed = show.missed()
    outcome.after = fleet.hub.get("/metrics")
    return outcome


def _answers(show: Show) -> bool:
    try:
        show.change()
        return True
    except (HubFailed, OSError):
        return False


def own_nodes(fleet: NetworkFleet) -> list[dict[str, Any]]:
    """The fleet's own nodes, in their order; a hub under attack knows others, too."""
    known = {node["mac"]: node for node in known_nodes(fleet)}
    return [known.get(node.options.mac, FORGOTTEN) for node in fleet.nodes]


def states(fleet: NetworkFleet) -> list[str]:
    return [node["state"] for node in own_nodes(fleet)]


def all_well(fleet: NetworkFleet) -> bool:
    """Whether every node is READY, or only so long DEGRADED as it remembers packets that it lost before."""
    return all(
        node["state"] == "READY" or (node["state"], node["reason"]) == ("DEGRADED", LOSS) for node in own_nodes(fleet)
    )


def records_missing(fleet: NetworkFleet) -> int:
    """Holes in what the hub has of the nodes' metrics: each boot counts its seconds without one."""
    holes = 0
    for node in fleet.nodes:
        rows = fleet.hub.get(f"/api/records/{node.options.mac}/metrics?limit=100000")["records"]
        boots: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            boots[row["boot"]].append(row["seq"])
        holes += sum(max(seqs) - min(seqs) + 1 - len(set(seqs)) for seqs in boots.values())
    return holes
