"""How far apart the nodes' frames start, estimated from what they report of themselves.

Each node knows two things: by how much its frames start after their deadlines (`start_us_p99`), and how wrong its idea
of hub time can be (`clock_bound_us`, either way). By hub time its frames therefore start between `bound` before the
deadline and `start + bound` after it, and two nodes are apart by at most start_i + bound_i + bound_j.

    max  that sum for the worst pair of nodes: what their bounds do not exclude
    p99  for the worst pair, the three as independent errors: sqrt(start_i^2 + bound_i^2 + bound_j^2)

It is no measurement: what a node does not know of itself (an offset all its time samples share) is not in it. The
spread at the LEDs is what tests/bench/sync.py measures.
"""

import heapq
import math
from collections.abc import Iterable
from typing import Any

from lightwave_hub.node import STREAMING, Node


def estimate(nodes: Iterable[Node]) -> dict[str, Any]:
    """`spread_us` of the locked nodes (None of fewer than two), and which streaming nodes it leaves out."""
    known: list[tuple[float, float]] = []
    left_out: list[int] = []
    for node in nodes:
        if node.state not in STREAMING:
            continue
        start_us = node.health.stats.get("start_us_p99")
        bound_us = node.health.clock_bound_us
        if node.health.locked and start_us is not None and bound_us is not None:
            known.append((start_us, bound_us))
        else:
            left_out.append(node.node_id)
    spread = None
    if len(known) > 1:
        most = _worst_pair([start + bound for start, bound in known], [bound for _, bound in known])
        likely = math.sqrt(
            _worst_pair([start**2 + bound**2 for start, bound in known], [bound**2 for _, bound in known])
        )
        spread = {"p99": round(likely), "max": round(most)}
    return {"spread_us": spread, "nodes": len(known), "left_out": left_out}


def _worst_pair(own: list[float], others: list[float]) -> float:
    """The largest own[i] + others[j] with i other than j. Two of each are enough: one of them is another node."""
    first = heapq.nlargest(2, range(len(own)), key=own.__getitem__)
    second = heapq.nlargest(2, range(len(others)), key=others.__getitem__)
    return max(own[i] + others[j] for i in first for j in second if i != j)
