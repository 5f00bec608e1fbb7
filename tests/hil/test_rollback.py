"""An update that cannot prove itself: the board goes back to what it ran before, by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from _boot_watch import Boot, read_until

from tests.hil.board import Board
from tests.hil.updates import another_version, push, rollout, trusting

SIM_BOARDS = ["K1_S3"]
TRIAL_BEGINS_S, VERDICT_S = 120, 120
IMPATIENT = "from lightwave_node import trial\ntrial.PATIENCE_S = 1\n"  # a board takes its minute


@pytest.mark.timeout(400)
def test_goes_back_when_the_new_version_finds_no_hub(
    board: Board, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    version, image = another_version(board, tmp_path, request.config.getoption("--firmware"), IMPATIENT)
    with trusting(board):
        node = board.known()
        assert node is not None
        push(board, version, image)
        wait_for_words(board, f"{version} is on trial", TRIAL_BEGINS_S)
        board.hub.kill()
        try:
            wait_for_words(board, "was not healthy in time", VERDICT_S)
        finally:
            board.hub.start()
        board.wait_until(lambda now: now["state"] == "READY" and now["fw"] == node["fw"], "the old one runs", VERDICT_S)
        board.wait_until(lambda now: rollout(board)["state"] == "failed", "the hub knows", VERDICT_S)
        assert "was not healthy in time: went back" in rollout(board)["why"]


def wait_for_words(board: Board, words: str, seconds: float) -> None:
    """Until the board says so on its serial line."""

    def said(boot: Boot) -> bool:
        return any(words in line for line in boot.lines)

    assert read_until(said, Boot(), board.port, seconds), f"the board has not said {words!r}"
