"""An update over the air that goes well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hil.board import Board
from tests.hil.updates import another_version, push, trusting
from tests.system.ota_support import k1_ota

SIM_BOARDS = ["GENERIC_S3"]
DOWNLOAD_S = 120


@pytest.mark.timeout(300)
def test_runs_the_new_version_and_keeps_it(board: Board, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    version, image = another_version(board, tmp_path, request.config.getoption("--firmware"))
    with trusting(board):
        push(board, version, image)
        board.wait_until(lambda node: node["ota"].get("state") == "done", "the update is done", DOWNLOAD_S)
        node = board.known()
        assert node is not None and (node["fw"], node["state"], node["locked"]) == (version, "READY", True)
        k1_ota(board, "abort")  # where other boards wait for the end of the soak
        board.restart()
        board.wait_until(lambda node: node["state"] == "READY" and node["fw"] == version, "it is kept", DOWNLOAD_S)
