"""The validation runs on a SIM node, or on the board at `--port /dev/ttyX`; that one keeps its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import build
from lightwave_sim import SimNode, SimOptions, loop
from lightwave_sim.options import PERSONALITIES, board_config
from tests.validation.node import Node

ON_NODE = Path(__file__).parent / "on_node"
SIM_SECONDS, BOARD_SECONDS = 4, 60  # seed 004 asks for 60
STARTED = r"\[GPU TASK\] Running on Core \d[\s\S]*(\[AUDIO TASK\]|no sound)"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module's SIM_BOARDS names the boards that a SIM node plays there; a real one is what it is."""
    if "connection" in metafunc.fixturenames:
        ports = metafunc.config.getoption("--port")
        boards = ports or getattr(metafunc.module, "SIM_BOARDS", ["K1_S3"])
        metafunc.parametrize("connection", boards, indirect=True, scope="package")


@pytest.fixture(scope="package")
def connection(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose application was running and has been interrupted."""
    if request.param in request.config.getoption("--port"):
        board = Node(request.param, is_board=True)
        yield board
        board.close()
        return
    with _sim_node(request.param, tmp_path_factory.mktemp(request.param)) as sim:
        sim.start()
        sim.wait_for(STARTED)
        node = Node(sim.serial_path, is_board=False)
        sim.wait_for("stopped by Ctrl-C")
        yield node
        node.close()
        sim.wait_for(STARTED)
        sim.check()


def _sim_node(board: str, directory: Path) -> SimNode:
    build.ensure_sim()
    config = board_config(board)
    del config["ssid"]  # the access point is the SIM's own
    sound = directory / "sound.wav"
    loop.write_default_loop(sound)
    personality = PERSONALITIES[board]
    return SimNode(
        SimOptions(
            directory,
            config=config,
            audio=sound,
            tick_hz=personality.tick_hz,
            heap_kb=personality.heap_kb,
            udp_mailbox=personality.udp_mailbox,
        )
    )


@pytest.fixture
def node(connection: Node) -> Node:
    """The node at a bare REPL with show.py's functions; nothing of the test before is left."""
    connection.reset()
    connection.read(ON_NODE / "show.py")
    return connection


@pytest.fixture
def seconds(request: pytest.FixtureRequest, connection: Node) -> int:
    chosen: int | None = request.config.getoption("--validation-seconds")
    return chosen or (BOARD_SECONDS if connection.is_board else SIM_SECONDS)
