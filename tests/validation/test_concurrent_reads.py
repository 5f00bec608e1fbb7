"""500 reads of the audio snapshot side by side, while a show runs and the audio task writes."""

from __future__ import annotations

import pytest

from tests.validation.node import Node


def test_500_concurrent_reads_without_a_timeout_or_a_torn_one(node: Node) -> None:
    if not node.has("audio_task_start"):
        pytest.skip("this node's firmware has no audio task")
    reads, timeouts, torn, hops, torn_counted = node.eval("concurrent_reads(4, 125)")
    assert (reads, timeouts, torn, torn_counted) == (500, 0, 0, 0)
    assert hops >= 10  # the task was writing meanwhile
