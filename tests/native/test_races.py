"""Races: the LED queue and the audio loop on a board of pthreads, also under the address and thread sanitizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import host_kernels

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "firmware" / "native"
KERNELS = [NATIVE / "audio_task.c", NATIVE / "led_show.c", *host_kernels.SOURCES]
SOURCES = [HERE / "races.c", HERE / "scripted_board.c", *KERNELS]

RunCase = Callable[..., dict[str, int]]


@pytest.fixture(scope="module", params=["plain", "address", "thread"])
def run_case(request: pytest.FixtureRequest, run_c: RunCase) -> RunCase:
    def run(case: str, rounds: int) -> dict[str, int]:
        return run_c("races", SOURCES, request.param, case, rounds)

    return run


def test_every_frame_goes_out_once_whole_and_in_order(run_case: RunCase) -> None:
    counts = run_case("frames", 800)
    assert counts["handed"] == counts["sent"] == counts["shown"] == 800
    assert counts["spoilt"] == counts["disordered"] == counts["overlaps"] == counts["errors"] == 0
    assert counts["late"] > 0 and counts["busy"] > 0


def test_stopping_at_any_moment_neither_hangs_nor_leaks(run_case: RunCase) -> None:
    counts = run_case("stops", 150)
    assert counts["refused"] == counts["overlaps"] == counts["opened"] == 0
    assert counts["slowest_us"] < 400_000


def test_statistics_can_be_read_while_they_are_written(run_case: RunCase) -> None:
    counts = run_case("statistics", 500)
    assert counts["bad"] == counts["overlaps"] == counts["opened"] == 0
    assert counts["shown"] > 100


def test_the_audio_task_restarts_under_its_readers(run_case: RunCase) -> None:
    counts = run_case("restarts", 60)
    assert counts["bad"] == counts["refused"] == counts["torn"] == counts["opened"] == 0
    assert counts["silent"] == 60


def test_failing_drivers_are_reported_and_survived(run_case: RunCase) -> None:
    counts = run_case("failures", 30)
    assert (counts["leds"], counts["audio"], counts["running"]) == (-6, -3, 0)
    assert counts["leds_error"] == counts["audio_error"] == 0x107
    assert counts["leds_again"] == counts["audio_again"] == 0
    assert counts["errors"] == 10 and counts["shown"] == 20
    assert counts["audio_errors"] >= 5
    assert 0 <= counts["blocks"] // 2 - counts["hops"] <= 1  # the second may be under way; no block is lost
    assert counts["overruns"] == 3
    assert counts["opened"] == 0


def test_the_loop_hears_what_the_microphone_says(run_case: RunCase) -> None:
    counts = run_case("hops", 40)
    assert counts["same"] == 1
    assert counts["hops"] >= 40
    assert counts["late_ms"] < 100


def test_a_sample_waits_for_the_rest_of_its_hop_and_no_longer(run_case: RunCase) -> None:
    """Counted in samples, at each moment the task waits for a block: nothing complete is held back."""
    assert run_case("latency", 20) == {f"held_of_{hop}": hop - 64 for hop in (64, 128, 192, 256)}
