"""More faults than the seeds name: the show goes on for whom they do not hit, and all is well again soon after."""

import pytest

from tests.network.endurance import records_missing
from tests.network.faults import FAULTS, LONG_FAULTS, Fault
from tests.network.fleet import NetworkFleet

LONG = [Fault(**{**vars(fault), "lasting_s": fault.soak_s}) for fault in FAULTS if fault.soak_s] + LONG_FAULTS


def hold(fleet: NetworkFleet, fault: Fault) -> None:
    outcome = fault.endured(fleet, fault.lasting_s)
    assert fault.verdict(outcome) == [], outcome
    assert records_missing(fleet) == 0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_show_outlives(fleet: NetworkFleet, fault: Fault) -> None:
    hold(fleet, fault)


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("fault", LONG, ids=lambda fault: fault.name)
def test_the_show_outlives_at_length(fleet: NetworkFleet, fault: Fault) -> None:
    hold(fleet, fault)
