"""Lock-free synchronisation: what the seqlock promises, with a realistic writer, a furious one and a dead one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "firmware" / "native"
SOURCES = [HERE / "lock_free.c", NATIVE / "snapshot.c"]
ATTEMPTS = 100

RunCase = Callable[..., dict[str, int]]


@pytest.fixture(scope="module")
def run_case(run_c: RunCase) -> RunCase:
    def run(case: str, scale: int = 0, kind: str = "plain") -> dict[str, int]:
        return run_c("lock_free", SOURCES, kind, case, scale)

    return run


def test_a_dead_writer_costs_a_reader_its_attempts_and_the_next_write_heals(run_case: RunCase) -> None:
    assert run_case("abandoned") == {
        "read": 0, "retries": ATTEMPTS, "failures": 1, "healed": 1, "first": 9, "sequence": 6,
    }  # fmt: skip


def test_the_sequence_wraps(run_case: RunCase) -> None:
    counts = run_case("wrap")
    assert (counts["good"], counts["retries"]) == (8, 0)
    assert counts["sequence"] < 100


@pytest.mark.parametrize(("kind", "publications"), [("plain", 3_000_000), ("thread", 100_000)])
def test_a_furious_writer_never_waits_and_never_tears(run_case: RunCase, kind: str, publications: int) -> None:
    counts = run_case("flat_out", publications, kind)
    assert counts["torn"] == counts["mixed"] == counts["backwards"] == 0
    assert counts["reads"] > 1000
    if kind == "plain":
        assert counts["ns_each"] < 20_000


@pytest.mark.parametrize(("kind", "reads"), [("plain", 10_000_000), ("thread", 500_000)])
def test_at_the_pace_of_hops_every_read_succeeds(run_case: RunCase, kind: str, reads: int) -> None:
    counts = run_case("paced", reads, kind)
    assert counts["reads"] >= reads
    assert counts["hops"] >= 100
    assert counts["torn"] == counts["mixed"] == counts["backwards"] == 0
    if kind == "plain":  # the sanitizer makes a publication a hundred times longer
        # A reader gives up only if the host suspends the writer inside its publication: not the lock's doing.
        assert counts["failures"] == 0 or counts["suspended"] > 0
        assert counts["retries"] <= (2 * counts["hops"] + counts["failures"]) * ATTEMPTS  # two readers


@pytest.mark.parametrize("kind", ["plain", "thread"])
def test_500_concurrent_readers_have_no_timeout(run_case: RunCase, kind: str) -> None:
    counts = run_case("crowd", 0, kind)
    assert counts["torn"] == counts["mixed"] == counts["backwards"] == 0
    assert counts["reads"] + counts["timeouts"] == 5000
    if kind == "plain":  # the sanitizer makes a publication a hundred times longer
        assert counts["timeouts"] == 0
