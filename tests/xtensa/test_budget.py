"""What a running show executes is within 5 % of boards/XTENSA/budget.json, in either direction."""

import pytest

from xtensa import counting, figures
from xtensa.emulator import parsed
from xtensa.interpreter import Interpreter
from xtensa.products import Products

SLOWEST = 450_000  # instructions of a frame of two strips of 180, cross-fade included


def test_counts_are_within_their_budget(made: Products, machine: Interpreter) -> None:
    """A slower one is a failure, a faster one a smaller number in the file: python -m xtensa --update-budget."""
    items, _ = figures.counts(made, machine)
    assert figures.complaints(items, figures.budget()) == []
    assert figures.figures(items)["fade_instructions"] <= SLOWEST


@pytest.mark.parametrize(
    ("count", "complaint"),
    [
        (1000, ""),
        (1050, ""),
        (950, ""),
        (1051, "a.b: 1,051 instructions are 5.1% more than its budget 1,000"),
        (949, "a.b: 949 instructions are 5.1% less: lower its budget 1,000"),
    ],
)
def test_five_percent_either_way(count: int, complaint: str) -> None:
    assert figures.complaints({"a.b": count}, {"a.b": 1000}) == ([complaint] if complaint else [])


def test_every_count_has_a_budget_and_every_budget_a_count() -> None:
    assert figures.complaints({"a.new": 1}, {"a.old": 1}) == [
        "a.new: counted, but has no budget",
        "a.old: has a budget, but is not counted",
    ]


def test_machine_code_is_called_after_what_begins_last_before_it() -> None:
    (count,) = parsed("= 60\n10 main\n20 0x00002010\n20 0x00003000\n10 0x00000100\n")
    named = counting.with_names(count, [(0x2000, "blend"), (0x3000, "paint")])
    assert named == {"main": 10, "blend": 20, "paint": 20, "machine code": 10}


def test_the_filter_leaves_out_exactly_the_named_functions() -> None:
    known = [(0x100, "a"), (0x200, "quiet"), (0x300, "b"), (0x400, "c")]
    assert counting.filter_without({"quiet"}, known) == "0x0..0x1ff,0x300..0xffffffff"
