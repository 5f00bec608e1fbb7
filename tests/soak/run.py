"""The run itself: commands, samples and restarts, each when it is due, all on one thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lightwave_sim.fleet import Fleet
from tests.soak import sampling
from tests.soak.show import Show

COMMAND_PERIOD_S = 1.0
READY_TIMEOUT_S = 20
BACK_TIMEOUT_S = 30
ASK_PERIOD_S = 0.1
STREAMING = ("READY", "DEGRADED")  # in bad air a node is DEGRADED at times, and plays
HUB = "hub"
SETTLE_S = 10.0  # after a restart, before a node's rates are judged


@dataclass(frozen=True)
class Restart:
    """`what` was off at `at_s`; `back_s` until all it took along played again."""

    at_s: float
    what: str
    back_s: float


class Soak:
    """`run` it with the fleet started; samples, restarts and crashes are what it leaves."""

    def __init__(
        self, fleet: Fleet, seconds: float, sample_every_s: float, restart_node_s: float, restart_hub_s: float
    ) -> None:
        self.seconds = seconds
        self.samples: list[sampling.Sample] = []
        self.restarts: list[Restart] = []
        self.crashes: list[str] = []
        self.kept: list[dict[str, Any]] = []  # what the hub has of the nodes' records at the end
        self._fleet = fleet
        self._show = Show(fleet.hub)
        self._began = 0.0
        self._life = 0
        self._touched = [0.0] * fleet.options.nodes
        first_hub_s = min(restart_hub_s, seconds) / 3
        # What is due at which second, how often, and what it is.
        self._plan: list[tuple[float, float, Callable[[], None]]] = [
            (0.0, COMMAND_PERIOD_S, self._show.step),
            (sample_every_s, sample_every_s, self._sample),
            (restart_node_s, restart_node_s, self._restart_node),
            (first_hub_s, restart_hub_s, self._restart_hub),
        ]

    def run(self) -> None:
        """Raises NodeCrashed, HubFailed or TimeoutError, which end the run."""
        self._wait_back([0] * len(self._fleet.nodes), READY_TIMEOUT_S, "the fleet's start")
        self._show.set_up()
        self._began = time.monotonic()
        due = [first for first, _, _ in self._plan]
        while True:
            which = min(range(len(due)), key=due.__getitem__)
            if due[which] > self.seconds:
                break
            time.sleep(max(0.0, self._began + due[which] - time.monotonic()))
            self._fleet.check()
            _, period_s, act = self._plan[which]
            act()
            due[which] = max(due[which] + period_s, self._now_s())
        self.kept = self._fleet.hub.get("/api/records")["streams"]

    def _now_s(self) -> float:
        return time.monotonic() - self._began

    def _sample(self) -> None:
        now_s = self._now_s()
        sample = sampling.take(self._fleet, now_s, self._life)
        sample.settled = [now_s - touched_s > SETTLE_S for touched_s in self._touched]
        self.samples.append(sample)

    def _restart_node(self) -> None:
        """One after the other, by pulling the plug; the last node's stays in, so that its memory has the whole time."""
        done = sum(restart.what != HUB for restart in self.restarts)
        number = done % (len(self._fleet.nodes) - 1)
        node, wanted = self._fleet.nodes[number], self._sessions()
        node.kill()
        node.power_on()
        wanted[number] += 1
        self._touched[number] = self._note(f"node {number + 1}", wanted)

    def _restart_hub(self) -> None:
        """In order and by a kill, in turn."""
        if self._life % 2:
            self._fleet.hub.kill()
        else:
            self._fleet.hub.stop()
        self._life += 1
        self._fleet.hub.start()
        self._touched = [self._note(HUB, [0] * len(self._fleet.nodes))] * len(self._fleet.nodes)

    def _note(self, what: str, wanted: list[int]) -> float:
        began_s = self._now_s()
        self._wait_back(wanted, BACK_TIMEOUT_S, f"{what} was restarted")
        self.restarts.append(Restart(began_s, what, self._now_s() - began_s))
        return self._now_s()

    def _sessions(self) -> list[int]:
        """Times each node has said hello to this hub."""
        by_mac = {node["mac"]: node["sessions"] for node in self._fleet.hub.get("/api/nodes")["nodes"]}
        return [by_mac.get(node.options.mac, 0) for node in self._fleet.nodes]

    def _wait_back(self, sessions: list[int], timeout_s: float, after: str) -> None:
        """Until every node plays, locked, in its session of that number or a later one."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._fleet.check()
            known = {node["mac"]: node for node in self._fleet.hub.get("/api/nodes")["nodes"]}
            nodes = [known.get(node.options.mac) for node in self._fleet.nodes]
            if all(
                node is not None and node["state"] in STREAMING and node["locked"] and node["sessions"] >= least
                for node, least in zip(nodes, sessions, strict=True)
            ):
                return
            if time.monotonic() > deadline:
                states = [node and (node["state"], node["reason"]) for node in nodes]
                raise TimeoutError(f"not all nodes play {timeout_s} s after {after}: {states}")
            time.sleep(ASK_PERIOD_S)
