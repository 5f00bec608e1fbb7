"""The one option of the whole suite: boards on serial ports, for the tests that run on a SIM node without."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--port",
        action="append",
        default=[],
        metavar="TTY",
        help="serial port of a board for tests/hil and tests/validation, instead of a SIM node; may be repeated",
    )
