"""What a soak leaves: a CSV of its samples, a picture of them, and a table on the terminal."""

import csv
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.soak import sampling
from tests.soak.judgement import Judged

if TYPE_CHECKING:
    from tests.soak.run import Soak


def write(soak: "Soak", judged: Judged, folder: Path) -> None:
    with open(folder / "soak.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(sampling.head(len(soak.samples[0].nodes) if soak.samples else 0))
        writer.writerows(sample.row() for sample in soak.samples)
    if soak.samples:
        _draw(soak, folder / "soak.png")
    print(f"-> {folder / 'soak.csv'}, soak.png")


def show(soak: "Soak", judged: Judged) -> None:
    for crash in soak.crashes:
        print(f"\nCRASH: {crash}")
    if soak.samples:
        print(f"\n{soak.samples[-1].at_s / 3600:.2f} h, {len(soak.samples)} samples, {len(soak.restarts)} restarts")
        for name in ("spread_us_p50", "spread_us_p99", "tick_late_us_p99"):
            values = [value for sample in soak.samples if (value := sample.hub[name]) is not None]
            if values:
                print(f"  {name:20} median {median(values):8.0f}  worst {max(values):8.0f}")
        drift = [
            abs(node["drift_us"]) for sample in soak.samples for node in sample.nodes if node["drift_us"] is not None
        ]
        if drift:
            print(f"  {'drift_us':20} median {median(drift):8.0f}  worst {max(drift):8.0f}")
        print(f"  {'records kept':20} {sum(stream['records'] for stream in soak.kept)} in all, "
              f"{sum(stream['gaps'] for stream in soak.kept)} missing")  # fmt: skip
    width = max(len(rule.name) for rule in judged.rules)
    print()
    for rule in judged.rules:
        print(f"{'ok    ' if rule.kept else 'BROKEN'}  {rule.name.ljust(width)}  {rule.found}  (limit {rule.limit})")


def _draw(soak: "Soak", path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 12), layout="constrained")
    axes = figure.subplots(5, 1, sharex=True)
    at = [sample.at_s / 60 for sample in soak.samples]
    _line(axes[0], at, [sample.hub["hub_rss_mb"] for sample in soak.samples], "hub")
    axes[0].set_ylabel("hub, MB")
    for number in range(len(soak.samples[0].nodes)):
        said = [sample.nodes[number] for sample in soak.samples]
        name = f"node {number + 1}"
        _line(axes[1], at, [node["heap_free"] and node["heap_free"] / 1024 for node in said], name)
        _line(axes[2], at, [node["fps_a"] for node in said], name)
        _line(axes[3], at, [node["clock_bound_us"] for node in said], name)
    for column, label in (("tick_late_us_p99", "ticks late, p99"), ("spread_us_p99", "spread of frames, p99")):
        _line(axes[4], at, [sample.hub[column] for sample in soak.samples], label)
    names = ("free heap, KB", "strip A, FPS", "clock's bound, us", "us")
    for axis, label in zip(axes[1:], names, strict=True):
        axis.set_ylabel(label)
    for axis in axes:
        for restart in soak.restarts:
            axis.axvline(restart.at_s / 60, color="tab:red" if restart.what == "hub" else "grey", linestyle=":")
        axis.grid(alpha=0.3)
        axis.legend(loc="upper right", fontsize="small", ncols=4)
    axes[0].set_title("A soak: grey lines are nodes' power cuts, red ones the hub's restarts")
    axes[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=110)


def _line(axis: Any, at: list[float], values: list[float | None], label: str) -> None:
    axis.plot(at, [float("nan") if value is None else value for value in values], label=label, linewidth=1)
