"""What the fleet outlives: the faults of tests/network, each under a show on a network of its own.

A fault is survived when all that tests/network/faults.py asks of it holds: nodes that it does not hit stay READY, and
all is well again within its limit. Recovery is from its end until every node is READY, but for packets it remembers to
have lost, and shows a scene asked for after it. Edges are lost when a node that the fault does not hit never shows a
change of the scene until the next one; records when the hub has a hole in what a node noted, second by second, in one
boot. Ticks are skipped when the hub's tick thread comes 10 ms late. Four SIM nodes, the hub and whoever makes the fault
share this machine's cores.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from lightwave_sim.fleet import FleetOptions
from tests.bench._common import not_measured, print_table, write_figures
from tests.network import namespaces
from tests.network.conftest import NODES
from tests.network.endurance import all_well, records_missing
from tests.network.faults import FAULTS, LONG_FAULTS, Fault
from tests.network.fleet import NetworkFleet
from tests.system.conftest import wait_for

TRIES, LONG_TRIES = 5, 1
QUICK_S = 25


def main(quick: bool) -> None:
    import build  # tools/: __main__ has put it on the path

    build.ensure_sim()
    if why := namespaces.why_not():
        write_figures("faults", not_measured(why, "faults"))
        return
    namespaces.sweep()
    faults = [_Tried(fault) for fault in FAULTS + ([] if quick else LONG_FAULTS)]
    with tempfile.TemporaryDirectory() as scratch:
        _inflict(faults, Path(scratch), 1 if quick else TRIES, time.monotonic() + QUICK_S if quick else None)
    figures = [tried.figures() for tried in faults if tried.tried]
    print_table("Faults under a show", list(figures[0]), [list(figure.values()) for figure in figures])
    for tried in faults:
        for complaint in tried.complaints:
            print(f"  {tried.fault.name}: {complaint}")
    write_figures("faults", {"quick": quick, "faults": figures})


def _inflict(faults: list["_Tried"], folder: Path, tries: int, until_s: float | None) -> None:
    """Each so many times on one fleet; a fleet that does not get well again gives way to another."""
    waiting = [tried for tried in faults for _ in range(LONG_TRIES if tried.fault in LONG_FAULTS else tries)]
    while waiting:
        folder /= "next"
        folder.mkdir()
        with NetworkFleet(FleetOptions(folder, NODES, skew_ppm=60.0)) as fleet:
            wait_for(lambda: all_well(fleet), fleet, "all is well", timeout_s=20)
            while waiting and (until_s is None or time.monotonic() < until_s):
                if not waiting.pop(0).inflict_on(fleet):
                    break
            else:
                return


class _Tried:
    """One fault and what came of it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.complaints: list[str] = []
        self.tried = self.survived = 0
        self._recoveries_s: list[float] = []
        self._edges_lost = self._records_lost = self._skipped = 0

    def inflict_on(self, fleet: NetworkFleet) -> bool:
        """False when the fleet is of no use afterwards."""
        self.tried += 1
        holes = records_missing(fleet)
        try:
            outcome = self.fault.endured(fleet, self.fault.lasting_s)
        except BaseException as error:  # pytest's failures are no Exceptions
            if isinstance(error, KeyboardInterrupt):
                raise
            self.complaints.append(str(error).splitlines()[0])
            return False
        bad = self.fault.verdict(outcome)
        self.complaints += bad
        self.survived += not bad
        self._recoveries_s.append(outcome.recovery_s)
        self._edges_lost += sum(outcome.missed[number] for number in self.fault.bystanders())
        self._records_lost += records_missing(fleet) - holes
        self._skipped += int(outcome.grew("udp", "skipped"))
        return True

    def figures(self) -> dict[str, Any]:
        recoveries_s = self._recoveries_s
        return {
            "name": self.fault.name,
            "tried": self.tried,
            "survived": self.survived,
            "recovery_s_p50": round(statistics.median(recoveries_s), 2) if recoveries_s else None,
            "recovery_s_max": round(max(recoveries_s), 2) if recoveries_s else None,
            "edges_lost": self._edges_lost,
            "records_lost": self._records_lost,
            "ticks_skipped": self._skipped,
        }
