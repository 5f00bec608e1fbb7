"""The Xtensa tools are fetched on first use; where that is impossible, what needs them is skipped and says why."""

from pathlib import Path

import pytest

from xtensa import ToolchainUnavailable, interpreter, products
from xtensa.interpreter import Interpreter
from xtensa.products import Products

FETCH_TIMEOUT_S = 900  # 150 MB over a slow line, then the compilation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and {"made", "machine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(FETCH_TIMEOUT_S))


@pytest.fixture(scope="session")
def made() -> Products:
    try:
        return products.ensure()
    except ToolchainUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def machine() -> Interpreter:
    try:
        return interpreter.ensure()
    except ToolchainUnavailable as error:
        pytest.skip(str(error))
