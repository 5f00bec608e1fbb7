"""tools/deploy.py to a board that runs."""

from __future__ import annotations

import deploy
import pytest
from _boot_watch import watch
from _node_repl import Repl

from tests.hil.board import START_S, Board

MODULE = "/lib/lightwave_node/palettes.mpy"
STRAY = "/lib/lightwave_node/no_such_module.py"


@pytest.fixture(autouse=True)
def files_on_the_board(board: Board) -> None:
    if board.facts.is_frozen:
        pytest.skip("this board has the application in its image")


def test_copies_what_differs_and_removes_what_is_gone(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["--port", board.port, "--no-restart"]) == 0
    with Repl(board.port) as repl:
        repl.put(MODULE, b"not what it should be")
        repl.put(STRAY, b"nobody has asked for this")
    capsys.readouterr()
    assert deploy.main(["--port", board.port]) == 0
    assert "1 copied, 1 removed" in capsys.readouterr().out
    assert watch(board.port, START_S).node_id is not None


def test_the_repl_is_there_for_whoever_comes_next(board: Board) -> None:
    assert deploy.main(["--port", board.port]) == 0
    watch(board.port, START_S)
    assert board.mpremote("exec", "print(1)").strip() == "1"
