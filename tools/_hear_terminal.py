"""The analysis as it would run beside the music: a live line, which stays behind as one line per beat."""

from __future__ import annotations

import math
import time
from typing import Any, TextIO

from numpy.typing import NDArray

BARS = " ▁▂▃▄▅▆▇█"
FLASH_PHASE = 65536 // 8  # the beat's mark is lit for an eighth of it
LIVE_S = 0.04
IDLE_LINE_S = 1.5  # how often a line stays where there is no beat
CONFIDENT = 6554  # from a tenth of certainty a tempo is shown
SILENCE = 2


def play(snapshots: NDArray[Any], hop_s: float, out: TextIO, fast: bool) -> None:
    """In real time, unless fast. A live line needs a terminal; elsewhere only the lines that stay are written."""
    live = out.isatty() and not fast
    begin, end = "\r" if live else "", "\n"
    begun, shown_at, kept_at, beat = time.monotonic(), -1.0, 0.0, 0
    shown = 0  # hops
    for hop, snapshot in enumerate(snapshots):
        at = (hop + 1) * hop_s
        keep = int(snapshot["beat"]) != beat or at - kept_at >= IDLE_LINE_S
        if not keep and not (live and at - shown_at >= LIVE_S):
            continue
        if not fast:
            out.flush()
            time.sleep(max(0.0, begun + at - time.monotonic()))
        bins = snapshots["spectrum"][shown : hop + 1].max(axis=0)
        out.write(f"{begin}{line(at, snapshot, bins)}{end if keep else ''}")
        shown_at, shown = at, hop
        if keep:
            kept_at, beat = at, int(snapshot["beat"])
    out.write("\n" if live else "")


def line(at: float, snapshot: Any, bins: NDArray[Any]) -> str:
    """Time, beat, tempo, loudness and the 64 bins' loudest since the line before."""
    spectrum = "".join(BARS[round(8 * math.sqrt(int(value) / 65535))] for value in bins)  # as bright as an eye sees it
    mark = "●" if snapshot["phase"] < FLASH_PHASE and snapshot["confidence"] >= CONFIDENT else "·"
    loudness = "silence" if snapshot["flags"] & SILENCE else f"{100 * int(snapshot['vu_peak']) // 65535:3d} %  "
    return f"{at:7.2f} s {mark} {tempo(snapshot)}  {loudness} |{spectrum}|"


def tempo(snapshot: Any) -> str:
    if snapshot["bpm_x100"] == 0 or snapshot["confidence"] < CONFIDENT:
        return "--- BPM      "
    return f"{snapshot['bpm_x100'] / 100:5.1f} BPM {100 * int(snapshot['confidence']) // 65535:3d} %"
