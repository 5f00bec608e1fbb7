"""A network of its own for each module, shared by its tests."""

from collections.abc import Iterator

import pytest

import build
from lightwave_sim.fleet import FleetOptions
from tests.network import namespaces
from tests.network.endurance import all_well
from tests.network.fleet import NetworkFleet
from tests.system.conftest import wait_for

NODES = 4


@pytest.fixture(scope="session")
def own_network() -> None:
    """Skips where this machine has none, and says why."""
    if why := namespaces.why_not():
        pytest.skip(why)
    namespaces.sweep()
    build.ensure_sim()


@pytest.fixture(scope="module")
def network(own_network: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkFleet]:
    """The hub and four nodes, their clocks up to 60 ppm apart."""
    options = FleetOptions(tmp_path_factory.mktemp("network"), NODES, skew_ppm=60.0)
    with NetworkFleet(options) as fleet:
        yield fleet


@pytest.fixture
def fleet(network: NetworkFleet) -> Iterator[NetworkFleet]:
    """All is well at the test's start; nothing may have crashed at its end."""
    wait_for(lambda: all_well(network), network, "all is well", timeout_s=20)
    yield network
    network.check()
