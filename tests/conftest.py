"""The options of the whole suite: boards on serial ports, for the tests that run on a SIM node without."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("boards", "tests/hil and tests/validation")
    group.addoption(
        "--port",
        action="append",
        default=[],
        metavar="TTY",
        help="serial port of a board, instead of a SIM node; may be repeated",
    )
    group.addoption(
        "--validation-seconds",
        type=int,
        metavar="S",
        help="how long the dual-channel validation lasts; default 60 on a board, a few on a SIM node",
    )
    group.addoption(
        "--firmware",
        type=Path,
        metavar="FILE",
        help="a working application image of another version, to update boards that have our image with",
    )
