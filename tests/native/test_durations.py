"""The histogram behind the lateness figures: never flattering, and within an eighth of the truth."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent

Summary = Callable[[list[int]], tuple[int, int]]


@pytest.fixture(scope="module")
def summary(compile_c: Callable[..., Path]) -> Summary:
    program = compile_c("durations_summary", [HERE / "durations_summary.c"])

    def run(values: list[int]) -> tuple[int, int]:
        text = "\n".join(map(str, values))
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
        longest, p99 = map(int, done.stdout.split())
        return longest, p99

    return run


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (0, 0)),
        ([7], (7, 7)),
        ([-5, 0], (0, 0)),
        ([3] * 99 + [5000], (5000, 3)),
        ([3] * 98 + [5000] * 2, (5000, 5000)),
        (list(range(32)), (31, 31)),
        ([4_000_000_000], (4_000_000_000, 4_000_000_000)),
        ([10**12], (2**32 - 1, 2**32 - 1)),
    ],
)
def test_known_cases(summary: Summary, values: list[int], expected: tuple[int, int]) -> None:
    assert summary(values) == expected


@pytest.mark.parametrize("limit", [40, 1000, 30_000, 900_000])
def test_p99_is_never_below_the_truth_and_at_most_an_eighth_above(summary: Summary, limit: int) -> None:
    values = [random.Random(limit * 1000 + i).randrange(limit) for i in range(2000)]
    longest, p99 = summary(values)
    exact = sorted(values)[-1 - len(values) // 100]
    assert longest == max(values)
    assert exact <= p99 <= exact * 1.125 + 1
