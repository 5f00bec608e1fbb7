"""A hub and nodes as processes; whatever breaks in one of them fails the test that owns it, with its traceback."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lightwave_sim import loop
from lightwave_sim.fleet import Fleet, FleetOptions
from lightwave_sim.spread import colour_of

WAIT_S = 10
ASK_PERIOD_S = 0.02

FleetMaker = Callable[..., AbstractContextManager[Fleet]]


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "loop.wav"
    loop.write_default_loop(path)
    return path


@pytest.fixture
def new_fleet(tmp_path: Path) -> FleetMaker:
    """new_fleet(nodes=2, ...) as a context manager: ready at its start, checked for crashes at its end.

    `ready` names the states that count as ready: in bad weather nodes are DEGRADED and play all the same.
    """

    @contextmanager
    def make(ready: tuple[str, ...] = ("READY",), **options: Any) -> Iterator[Fleet]:
        with Fleet(FleetOptions(directory=tmp_path, **options)) as fleet:
            wait_for(
                lambda: sum(state in ready for state in states(fleet)) == len(fleet.nodes),
                fleet,
                f"every node is {' or '.join(ready)}",
            )
            yield fleet
            fleet.check()

    return make


def known_nodes(fleet: Fleet) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = fleet.hub.get("/api/nodes")["nodes"]
    return nodes


def node_at(fleet: Fleet, number: int) -> dict[str, Any]:
    """What the hub knows of the fleet's node `number`, counted from 0."""
    mac = fleet.nodes[number].options.mac
    return next(node for node in known_nodes(fleet) if node["mac"] == mac)


def states(fleet: Fleet) -> list[str]:
    return [node["state"] for node in known_nodes(fleet)]


def all_show(fleet: Fleet, colour: str) -> bool:
    """Whether strip A of every node has latched a frame of this colour, and nothing else since."""
    now_ns = time.monotonic_ns()
    latched = [[frame for frame in strip[-4:] if frame.latch_ns < now_ns] for strip in fleet.strip_a()]
    return all(frames and colour_of(frames[-1]) == colour for frames in latched)


def wait_for(condition: Callable[[], object], fleet: Fleet, what: str, timeout_s: float = WAIT_S) -> float:
    """Ask until it is so; returns how long it took. A crash of a node or of the hub ends it with its traceback."""
    start = time.monotonic()
    while not condition():
        fleet.check()
        if time.monotonic() - start > timeout_s:
            consoles = "\n".join(f"--- {node.options.mac}\n{node.console[-1500:]}" for node in fleet.nodes)
            pytest.fail(
                f"not within {timeout_s} s: {what}\n{known_nodes(fleet)}\n{consoles}\n{fleet.hub.output[-1500:]}"
            )
        time.sleep(ASK_PERIOD_S)
    return time.monotonic() - start
