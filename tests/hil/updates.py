"""What a board is updated with, and what its hub knows of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _node_app
import pytest
from _boot_watch import watch
from _node_repl import Repl

import _flash_image
from lightwave.app_archive import pack
from lightwave_hub.ota import images
from lightwave_node import VERSION
from tests.hil.board import START_S, Board
from tests.system.ota_support import NEW, firmware, k1_ota

SIM_TRIAL_S, BOARD_TRIAL_S = 1, 10
PACKAGE = "/lib/lightwave_node/__init__.py"


@contextmanager
def trusting(board: Board) -> Iterator[None]:
    """Meanwhile the board takes updates of the tests' hub. Then it runs what was deployed, as it was configured."""
    with Repl(board.port) as repl:
        before = repl.config() or {}
        key = board.hub.get("/api/ota")["public_key"]
        trial_s = BOARD_TRIAL_S if board.is_real else SIM_TRIAL_S
        repl.put_config({**before, "update_key": key, "trial_s": trial_s, "developer": False})
        line = repl.reset()
    watch(board.port, START_S, line=line)
    board.wait_until_ready()
    try:
        yield
    finally:
        with Repl(board.port) as repl:
            repl.put_config(before)
            repl.use_lib()
            repl.reset().close()


def another_version(board: Board, folder: Path, given: Path | None, code: str = "") -> tuple[str, Path]:
    """A version and its image, which works. `code` is run before all else by a SIM board of our image."""
    path = folder / "image"
    if board.takes_firmware and board.is_real:
        if given is None:
            pytest.skip("--firmware names no image to update this board with")
        return images.read(given.read_bytes()).version, given
    path.write_bytes(firmware(code=code, size=20_000) if board.takes_firmware else _application(board, folder))
    return NEW, path


def _application(board: Board, folder: Path) -> bytes:
    changed = folder / "__init__.py"
    sources = []
    for source, target in _flash_image.application():
        if target == PACKAGE:
            changed.write_text(source.read_text().replace(VERSION, NEW))
            source = changed
        sources.append((source, target))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_node_app, "_sources", lambda: sources)
        files = _node_app.compiled(board.facts)
    return pack([(path.removeprefix("/lib/"), data) for path, data in files.items() if path.startswith("/lib/")])


def push(board: Board, version: str, image: Path) -> None:
    """Begin the rollout; it soaks on this board before it would go on to any other that is there."""
    assert k1_ota(board, "add", str(image), "--version", version) == 0
    assert k1_ota(board, "push", version, "--dev", board.mac, "--soak", "3600", "--detach") == 0


def rollout(board: Board) -> dict[str, Any]:
    found: dict[str, Any] = board.hub.get("/api/ota")["rollout"]
    return found
