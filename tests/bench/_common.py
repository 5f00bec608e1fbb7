"""What the benches share: percentiles, tables for people, and build/bench/NAME.json for machines."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "build" / "bench"


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Nearest rank; None where there are no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def not_measured(why: str, *keys: str) -> dict[str, Any]:
    """What stands in the figures where nothing could be measured."""
    return {**dict.fromkeys(keys), "why": why}


def write_figures(name: str, figures: dict[str, Any]) -> Path:
    """Write build/bench/NAME.json; says where."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    path = FIGURES / f"{name}.json"
    machine = {"system": platform.system(), "machine": platform.machine(), "python": platform.python_version()}
    path.write_text(json.dumps({**figures, "machine": machine}, indent=2) + "\n", encoding="utf-8")
    print(f"-> {path.relative_to(ROOT)}")
    return path


def stolen_s() -> float | None:
    """Seconds a virtual machine's host has withheld a core since boot, over all cores; None where nobody tells."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        return int(fields[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return None


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join([first, *others]))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
