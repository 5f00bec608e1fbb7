"""A node in its fleet of one: hello, lock, frames, and back again when its hub was away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hil.board import Board

LOCK_S = 3.0  # after welcome
RESUME_S = 2.0  # after the hub is there again
REAL_TOLERANCE, SIM_TOLERANCE = 2, 12  # frames a second: a host takes the CPU away for longer than a board's RTOS


@pytest.fixture(scope="module", autouse=True)
def started(board: Board) -> None:
    """These tests leave it running, each to the next."""
    board.restart()
    board.wait_until_ready()


def test_says_hello_and_is_ready_with_a_locked_clock(board: Board) -> None:
    node = board.known()
    assert node is not None and node["locked"]
    assert node["lock_ms"] <= LOCK_S * 1000


def test_draws_both_channels_at_its_rate(board: Board) -> None:
    allowed = REAL_TOLERANCE if board.is_real else SIM_TOLERANCE

    def at_rate(node: dict[str, Any]) -> bool:
        rates = node["render_fps"]
        return len(rates) == len(board.config["leds"]) and all(abs(rate - board.rate) <= allowed for rate in rates)

    board.wait_until(at_rate, f"both channels at {board.rate} frames a second", 10)


def test_comes_back_by_itself_when_its_hub_does(board: Board) -> None:
    board.hub.kill()
    board.hub.start()
    took = board.wait_until(lambda node: node["state"] == "READY" and node["locked"], "the node is back", 10)
    assert took <= (RESUME_S if board.is_real else 2 * RESUME_S)
