"""The counts as tables for people."""

from collections.abc import Iterable
from typing import Any

from . import figures
from .counting import Stretch

SHOWN = 14


def show(measured: dict[str, Any], stretches: list[Stretch]) -> None:
    share = measured["hop_core_share"]
    print(f"\nXtensa instructions (a core at 240 MHz and {figures.kernels.CYCLES_PER_INSTRUCTION} cycles each)")
    print(f"  audio hop of 8 ms         {measured['hop_instructions']:>9,}  {share:.1%} of a core")
    _row("heaviest frame", measured["frame_instructions"])
    _row("heaviest cross-fade", measured["fade_instructions"])
    _row("render loop around them", measured["loop_instructions"])
    print(f"  stock pulses              {measured['stock_encode_per_bit']:>9} per bit")
    print("\n  two strips of 180            frame  cross-fade")
    for name, total in sorted(measured["per_effect"].items(), key=lambda item: -item[1]):
        print(f"  {name:<22} {total:>11,} {measured['per_fade'][name]:>11,}")
    _table("one strip of 180, per kernel", measured["per_kernel"].items())
    _table("per datagram (judge and queue)", measured["per_packet"].items())
    _table("due events", measured["due"].items())
    name, functions = figures.heaviest_functions(stretches, "fades")
    _table(f"where a strip's cross-fade of {name} goes", functions.most_common(SHOWN))
    print()


def _row(what: str, instructions: int) -> None:
    print(f"  {what:<25} {instructions:>9,}  {figures.milliseconds(instructions):.2f} ms")


def _table(title: str, rows: Iterable[tuple[str, int]]) -> None:
    print(f"\n  {title}")
    for name, total in sorted(rows, key=lambda row: -row[1]):
        print(f"  {name:<30} {total:>9,}")
