"""Fixtures of the SIM board's own tests: a built board, and nodes that run a script of the test's."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
for folder in (ROOT / "tools", ROOT / "boards" / "SIM"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import build  # noqa: E402 - found through the paths above
from lightwave_sim import SimNode, SimOptions  # noqa: E402

RunScript = Callable[..., SimNode]


@pytest.fixture(scope="session")
def sim_build() -> build.SimBuild:
    """The SIM board, built when it is out of date."""
    return build.ensure_sim()


@pytest.fixture
def run_script(sim_build: build.SimBuild, tmp_path: Path) -> Iterator[RunScript]:
    """run_script(source, **SimOptions) powers on a node whose main.py is source; off again after the test."""
    nodes: list[SimNode] = []

    def start(source: str, **options: Any) -> SimNode:
        node = SimNode(SimOptions(tmp_path / f"node{len(nodes)}", application=False, **options))
        nodes.append(node)
        node.write_files({"/main.py": textwrap.dedent(source)})
        node.start()
        return node

    yield start
    for node in nodes:
        node.stop()
