"""The keys of build/bench/xtensa.json, and the budget that each count is held to (boards/XTENSA/budget.json)."""

import json
from collections import Counter
from typing import Any

from _build_common import ROOT

from . import counting, kernels
from .counting import Stretch
from .interpreter import BOARD, Interpreter
from .products import Products

BUDGET = BOARD / "budget.json"
SLACK_PERCENT = 5
STRIPS = 2
PULSE_BITS = 180 * 24  # of the strip that count.py encodes
KEYS = ["hop_instructions", "hop_core_share", "frame_instructions", "frame_ms", "per_effect", "stock_encode_per_bit"]
KEYS += ["dual_suite", "upstream_tests"]
Counts = dict[str, int]


def counts(made: Products, machine: Interpreter) -> tuple[Counts, list[Stretch]]:
    """Every line item of the budget, "group.name": instructions; and the stretches they come from."""
    stretches = counting.measure(machine)
    items = {"hop": round(sum(kernels.hop_instructions(made.xtensa, made.toolchain).values()))}
    for group in ("kernels", "frames", "fades", "packets", "due", "loop"):
        items |= {f"{group}.{name}": total for name, total in sorted(counting.heaviest(stretches, group).items())}
    return items, stretches


def figures(items: Counts) -> dict[str, Any]:
    """As shared/FIGURES.md names them. Frames are of two strips of 180: render, blend, gamma, dither, wire bytes."""
    per_effect = {name: STRIPS * total for name, total in group(items, "frames").items()}
    per_fade = {name: STRIPS * total for name, total in group(items, "fades").items()}
    heaviest = max(per_effect.values())
    return {
        "hop_instructions": items["hop"],
        "hop_core_share": round(kernels.hop_core_share(items["hop"]), 4),
        "frame_instructions": heaviest,
        "frame_ms": round(milliseconds(heaviest), 3),
        "per_effect": per_effect,
        "fade_instructions": max(per_fade.values()),
        "per_fade": per_fade,
        "loop_instructions": loop_around_strips(items),
        "stock_encode_per_bit": round(items["kernels.encode_pulses"] / PULSE_BITS, 2),
        "per_kernel": group(items, "kernels"),
        "per_packet": group(items, "packets"),
        "due": group(items, "due"),
    }


def missing(why: str) -> dict[str, Any]:
    return {**dict.fromkeys(KEYS), "why": why}


def group(items: Counts, name: str) -> Counts:
    return {item.partition(".")[2]: total for item, total in items.items() if item.startswith(f"{name}.")}


def loop_around_strips(items: Counts) -> int:
    """What the render loop takes besides the strips: grid, events, fallback, beat, histograms."""
    return items["loop.solid_frame"] - STRIPS * items["loop.solid_strip"]


def milliseconds(instructions: float) -> float:
    return 1000 * instructions * kernels.CYCLES_PER_INSTRUCTION / kernels.CORE_HZ


def heaviest_functions(stretches: list[Stretch], wanted: str) -> tuple[str, Counter[str]]:
    """Of a group's dearest call its name and where its instructions went."""
    dearest = max((stretch for stretch in stretches if stretch.group == wanted), key=lambda stretch: stretch.total)
    return dearest.name, dearest.functions


# ---- the budget --------------------------------------------------------------------------------------------------


def budget() -> Counts:
    kept: Counts = json.loads(BUDGET.read_text())
    return kept


def write_budget(items: Counts) -> None:
    BUDGET.write_text(json.dumps(items, indent=2) + "\n", encoding="utf-8")
    print(f"-> {BUDGET.relative_to(ROOT)}")


def complaints(items: Counts, allowed: Counts) -> list[str]:
    """What is not within SLACK_PERCENT of its budget, or has none; a sentence for each."""
    found = [f"{name}: counted, but has no budget" for name in items.keys() - allowed.keys()]
    found += [f"{name}: has a budget, but is not counted" for name in allowed.keys() - items.keys()]
    for name in items.keys() & allowed.keys():
        now, limit = items[name], allowed[name]
        change = f"{name}: {now:,} instructions are {abs(now / limit - 1):.1%}"
        if 100 * now > (100 + SLACK_PERCENT) * limit:
            found.append(f"{change} more than its budget {limit:,}")
        elif 100 * now < (100 - SLACK_PERCENT) * limit:
            found.append(f"{change} less: lower its budget {limit:,}")
    return sorted(found)
