"""The keys of build/bench/xtensa.json."""

from typing import Any

from . import kernels
from .products import Products

# What counts frames and runs whole test suites needs MicroPython itself as Xtensa code.
LATER = ("frame_instructions", "frame_ms", "per_effect", "stock_encode_per_bit", "dual_suite", "upstream_tests")
LATER_WHY = "Needs the interpreter as an Xtensa program, which is not part of this version; only C kernels are counted."
SHOWN = 5


def measure(made: Products) -> dict[str, Any]:
    """Instructions per audio hop, in all and by function, and the share of a core they take."""
    by_function = kernels.hop_instructions(made.xtensa, made.toolchain)
    total = sum(by_function.values())
    return {
        "hop_instructions": round(total),
        "hop_core_share": round(kernels.hop_core_share(total), 4),
        "hop_by_function": {name: round(count) for name, count in by_function.items()},
        **dict.fromkeys(LATER),
        "why": LATER_WHY,
    }


def missing(why: str) -> dict[str, Any]:
    return {**dict.fromkeys(("hop_instructions", "hop_core_share", *LATER)), "why": why}


def heaviest(measured: dict[str, Any]) -> list[tuple[str, int]]:
    """The functions a hop spends most in."""
    by_function: dict[str, int] = measured["hop_by_function"]
    return sorted(by_function.items(), key=lambda item: -item[1])[:SHOWN]
