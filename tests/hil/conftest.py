"""Boards over serial: those at each `--port`, or SIM boards at their ptys, for the very same tests.

A real board is used as it is: its config.json names the access point, and as `hub_host` this machine, where the tests
start a hub at its `hub_port`. It is put back to running its application at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _node_repl import Repl

import build
from lightwave_sim import SimNode, SimOptions, loop
from lightwave_sim.addresses import AddressBlock
from lightwave_sim.hub_process import HubProcess
from lightwave_sim.options import PERSONALITIES, board_config
from tests.hil.board import Board
from tests.validation.conftest import ON_NODE
from tests.validation.node import Node

BOARD_SECONDS, SIM_SECONDS = 60, 2


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module's SIM_BOARDS names the boards that a SIM node plays there; a real one is what it is."""
    if "board" in metafunc.fixturenames:
        boards = metafunc.config.getoption("--port") or getattr(metafunc.module, "SIM_BOARDS", ["K1_S3"])
        metafunc.parametrize("board", boards, indirect=True, scope="package")


@pytest.fixture(scope="package")
def hubs() -> Iterator[dict[int, HubProcess]]:
    """The hubs that boards' configurations ask for, by port."""
    running: dict[int, HubProcess] = {}
    yield running
    for hub in running.values():
        hub.kill()


@pytest.fixture(scope="package")
def board(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hubs: dict[int, HubProcess]
) -> Iterator[Board]:
    if request.param in request.config.getoption("--port"):
        yield from _real_board(request.param, hubs, tmp_path_factory)
    else:
        yield from _sim_board(request.param, tmp_path_factory)


def _real_board(port: str, hubs: dict[int, HubProcess], directories: pytest.TempPathFactory) -> Iterator[Board]:
    with Repl(port) as repl:
        hub_port = int((repl.config() or {}).get("hub_port", 80))
    if hub_port not in hubs:
        hubs[hub_port] = HubProcess(directories.mktemp("hub"), "0.0.0.0", hub_port)
        hubs[hub_port].start()
    yield Board(port, hubs[hub_port], None)
    with Repl(port) as repl:
        repl.restart().close()


def _sim_board(name: str, directories: pytest.TempPathFactory) -> Iterator[Board]:
    build.ensure_sim()
    directory = directories.mktemp(name)
    sound = directory / "sound.wav"
    loop.write_default_loop(sound)
    config = board_config(name)
    del config["ssid"]  # the access point is the SIM's own
    personality = PERSONALITIES[name]
    block = AddressBlock()
    hub = HubProcess(directory / "hub")
    hub.start()
    options = SimOptions(
        directory, ip=block.node(1), hub_port=hub.port, config=config, audio=sound, tick_hz=personality.tick_hz,
        heap_kb=personality.heap_kb, udp_mailbox=personality.udp_mailbox,
    )  # fmt: skip
    with SimNode(options) as sim:
        sim.start()
        sim.wait_for(r"\[CTRL\] welcome")
        yield Board(sim.serial_path, hub, sim)
        sim.check()
    hub.kill()
    block.release()


@pytest.fixture
def node(board: Board) -> Iterator[Node]:
    """The board at a bare REPL with the validation's functions, without its application."""
    connected = Node(board.port, board.is_real)
    connected.reset()
    connected.read(ON_NODE / "show.py")
    yield connected
    connected.close()


@pytest.fixture
def seconds(request: pytest.FixtureRequest, board: Board) -> int:
    """How long both channels are watched."""
    chosen: int | None = request.config.getoption("--validation-seconds")
    return chosen or (BOARD_SECONDS if board.is_real else SIM_SECONDS)
