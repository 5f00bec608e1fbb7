"""What editors are told: MicroPython's stubs are of the version that boards have, and the folders are there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from _flash_file import OLDEST_STOCK

from _build_common import ROOT

FIRMWARE = ROOT / "firmware"
FETCHED = ROOT / "build" / "typings"  # by `make stubs`


def test_the_stubs_are_of_the_oldest_micropython_that_a_node_runs_on() -> None:
    found = re.search(r"^micropython-esp32-\w+-stubs==(\d+)\.(\d+)\.", (FIRMWARE / "stubs.txt").read_text(), re.M)
    assert found is not None and (int(found[1]), int(found[2])) == OLDEST_STOCK
    assert f"--target {FETCHED.relative_to(ROOT)} " in (ROOT / "Makefile").read_text()


def _folders(settings: dict[str, object], base: Path) -> set[Path]:
    """All folders that Pyright's settings name."""
    found = set()
    for key, value in settings.items():
        if key == "executionEnvironments":
            assert isinstance(value, list)
            found |= {folder for each in value for folder in _folders(each, base)}
        elif key in ("include", "extraPaths", "root", "stubPath", "typeshedPath"):
            found |= {(base / each).resolve() for each in (value if isinstance(value, list) else [value])}
    return found


@pytest.mark.parametrize("where", ["pyproject.toml", "firmware/pyrightconfig.json"])
def test_every_folder_that_is_named_is_there(where: str) -> None:
    text = (ROOT / where).read_text()
    if where.endswith(".toml"):
        folders = _folders(tomllib.loads(text)["tool"]["pyright"], ROOT)
    else:
        folders = _folders(json.loads(re.sub(r"//.*", "", text)), FIRMWARE)
    assert FETCHED in folders
    assert [folder for folder in folders - {FETCHED} if not folder.is_dir()] == []
