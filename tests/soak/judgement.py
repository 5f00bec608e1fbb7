"""The rules of a soak, and the robust slope behind those about memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.soak.run import Soak

LEAST_FPS = 80.0
SLOW_SHARE_PCT = 1.0  # of a node's samples may be slower: this machine does other things too
TICK_LATE_US = 1000.0
SKIPPED_PCT = 0.1
BACK_S = 10.0
GROWTH_PCT_PER_HOUR = 1.0
# What bounded buffers take while they fill (log ring, history of edges, SQLite's pages): less in all is no growth.
GRAIN_MB = 2.0
HEAP_GRAIN_MB = 8 / 1024
WARM_UP_S = 1200.0
WARM_UP_SHARE = 0.4  # of a life that is short
BINS = 200  # of the whole run; the slopes of all pairs of 200 are few enough
LEAST_BIN_S = 10.0

Series = Sequence[tuple[float, float]]  # seconds and MB


@dataclass(frozen=True)
class Growth:
    """`per_hour` by the slope, `rise` from the first bin to the last by the same slope; both in MB of `level`."""

    level: float
    per_hour: float
    rise: float
    seconds: float

    @property
    def pct_per_hour(self) -> float:
        return 100 * self.per_hour / self.level


@dataclass(frozen=True)
class Rule:
    name: str
    found: str
    limit: str
    kept: bool


@dataclass(frozen=True)
class Judged:
    rules: list[Rule]
    growth: dict[str, Growth | None]


def growth(lives: Sequence[Series]) -> Growth | None:
    """The median slope of all pairs within a life (Theil-Sen), of medians over short bins and without each life's first
    minutes; None where too little is left. One outlier, or a step down at a restart, moves it little."""
    slopes, levels, seconds = [], [], 0.0
    for life in lives:
        bins = _bins(_warm(life))
        slopes += [(later - earlier) / (at - before) for (before, earlier), (at, later) in combinations(bins, 2)]
        levels += [level for _, level in bins]
        seconds += bins[-1][0] - bins[0][0] if bins else 0.0
    if not slopes:
        return None
    per_second = median(slopes)
    return Growth(median(levels), per_second * 3600, per_second * seconds, seconds)


def _warm(life: Series) -> Series:
    if not life:
        return life
    first, last = life[0][0], life[-1][0]
    from_s = first + min(WARM_UP_S, (last - first) * WARM_UP_SHARE)
    return [(at, level) for at, level in life if at >= from_s]


def _bins(life: Series) -> list[tuple[float, float]]:
    if not life:
        return []
    width = max(LEAST_BIN_S, (life[-1][0] - life[0][0]) / BINS)
    found: dict[int, list[tuple[float, float]]] = {}
    for at, level in life:
        found.setdefault(int((at - life[0][0]) / width), []).append((at, level))
    return [(median(at for at, _ in part), median(level for _, level in part)) for part in found.values()]


def judge(soak: "Soak") -> Judged:
    grown = _all_growth(soak)
    rules = [
        Rule("crashes", str(len(soak.crashes)), "0", not soak.crashes),
        Rule("samples", str(len(soak.samples)), "at least 1", bool(soak.samples)),
        *_rates(soak),
        *_restarts(soak),
        *(_memory(name, figure) for name, figure in grown.items() if figure is not None),
    ]
    return Judged(rules, grown)


def _rates(soak: "Soak") -> list[Rule]:
    if not soak.samples:
        return []
    last_of_life = {sample.life: sample.hub for sample in soak.samples}.values()
    ticks, skipped = (sum(hub[name] or 0 for hub in last_of_life) for name in ("ticks", "skipped_ticks"))
    skipped_pct = 100 * skipped / max(1, ticks)
    late_us = median(sample.hub["tick_late_us_p99"] or 0 for sample in soak.samples)
    failures = sum(hub["record_failures"] or 0 for hub in last_of_life)
    torn = max((node["torn"] or 0 for sample in soak.samples for node in sample.nodes), default=0)
    slow_pct = _slow_pct(soak)
    return [
        Rule(f"node samples below {LEAST_FPS:g} FPS", f"{slow_pct:.2f} %", f"{SLOW_SHARE_PCT:g} %",
             slow_pct <= SLOW_SHARE_PCT),
        Rule("tick lateness p99 (median)", f"{late_us:.0f} us", f"{TICK_LATE_US:.0f} us", late_us <= TICK_LATE_US),
        Rule("ticks skipped", f"{skipped_pct:.3f} %", f"{SKIPPED_PCT:g} %", skipped_pct <= SKIPPED_PCT),
        Rule("record batches not kept", f"{failures:.0f}", "0", failures == 0),
        Rule("torn snapshots", str(torn), "0", torn == 0),
    ]  # fmt: skip


def _slow_pct(soak: "Soak") -> float:
    """Of the samples of nodes that nothing was done to: those in which a strip was slow, or the node was not there."""
    rates = [
        min(node["fps_a"] or 0.0, node["fps_b"] or 0.0)
        for sample in soak.samples
        for node, settled in zip(sample.nodes, sample.settled, strict=True)
        if settled
    ]
    return 100 * sum(rate < LEAST_FPS for rate in rates) / max(1, len(rates))


def _restarts(soak: "Soak") -> list[Rule]:
    rules = []
    for name, chosen in (("node", "node"), ("hub", "hub")):
        took = [restart.back_s for restart in soak.restarts if restart.what.startswith(chosen)]
        if took:
            found = f"{median(took):.2f} s, worst {max(took):.2f} s of {len(took)}"
            rules.append(Rule(f"all play after a {name}'s restart", found, f"{BACK_S:g} s", max(took) <= BACK_S))
    return rules


def _memory(name: str, figure: Growth) -> Rule:
    grain = HEAP_GRAIN_MB if "heap" in name else GRAIN_MB
    kept = figure.pct_per_hour <= GROWTH_PCT_PER_HOUR or figure.rise <= grain
    found = f"{figure.per_hour:+.3f} MB/h ({figure.pct_per_hour:+.2f} %/h of {figure.level:.2f} MB)"
    return Rule(f"growth of {name}", found, f"{GROWTH_PCT_PER_HOUR:g} %/h or {grain:.3g} MB in all", kept)


def _all_growth(soak: "Soak") -> dict[str, Growth | None]:
    lives: dict[int, list[tuple[float, float]]] = {}
    for sample in soak.samples:
        lives.setdefault(sample.life, []).append((sample.at_s, sample.hub["hub_rss_mb"] or 0.0))
    grown = {"hub": growth(list(lives.values()))}
    for number in range(len(soak.samples[0].nodes) if soak.samples else 0):
        grown[f"node {number + 1}"] = growth(_node_lives(soak, number, "rss_mb"))
        used = [[(at, -free / 2**20) for at, free in life] for life in _node_lives(soak, number, "heap_free")]
        figure = growth(used)
        level = soak.samples[-1].nodes[number]["heap_free"]
        if figure is not None and level:
            # What is left shrinks as the heap fills: the share is of what is left.
            grown[f"node {number + 1} heap"] = Growth(level / 2**20, figure.per_hour, figure.rise, figure.seconds)
    return grown


def _node_lives(soak: "Soak", number: int, name: str) -> list[list[tuple[float, float]]]:
    """A node's series, cut where its plug was pulled."""
    cuts = [restart.at_s for restart in soak.restarts if restart.what == f"node {number + 1}"]
    lives: list[list[tuple[float, float]]] = [[] for _ in range(len(cuts) + 1)]
    for sample in soak.samples:
        value = sample.nodes[number][name]
        if value is not None:
            lives[sum(cut <= sample.at_s for cut in cuts)].append((sample.at_s, value))
    return lives
