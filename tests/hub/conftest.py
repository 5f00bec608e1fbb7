"""Fixtures of the hub's tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from lightwave_hub import app, config
from lightwave_hub.keys import NODES
from lightwave_hub.node import State
from lightwave_hub.registry import Change
from tests.hub.support import HandClock, Hub, Receiver


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the show of whoever runs it, processes it starts included."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
async def hub(receiver: Receiver, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub that streams to the port of `receiver`."""
    stream = {"udp_port": receiver.address[1], "time_port": 0}
    settings = config.from_dict({"stream": stream, "limits": {"nodes": 4}, "store": {"path": str(tmp_path / "hub")}})
    hub = Hub(app.build(settings, "127.0.0.1"))
    await hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
def state_of(hub: Hub) -> Callable[[int, State], Awaitable[None]]:
    """Wait until a node is in a state; the table tells, nothing polls."""
    changed = asyncio.Event()

    def note(change: Change) -> None:
        changed.set()

    hub.app[NODES].subscribe(note)

    async def wait(node_id: int, state: State) -> None:
        while True:
            node = hub.app[NODES].get(node_id)
            if node is not None and node.state is state:
                return
            changed.clear()
            await asyncio.wait_for(changed.wait(), 10)

    return wait
