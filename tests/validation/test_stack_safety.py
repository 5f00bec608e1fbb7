"""Stack safety: sizes are set, every thread and worker leaves 4 KB of its own, and running out is an exception."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.validation.node import Node, NodeRaised

HERE = Path(__file__).parent
MARGIN = 4096


@pytest.fixture
def node(node: Node) -> Node:
    """With stack.py's functions as well."""
    node.read(HERE.parent / "node" / "node_support.py")
    node.read(HERE / "on_node" / "stack.py")
    return node


def require(node: Node, function: str) -> None:
    if not node.has(function):
        pytest.skip(f"this node's firmware has no {function}")


@pytest.mark.parametrize("audio", ["stock", "native", "off"])
def test_every_thread_gets_the_same_stack_set_explicitly(node: Node, audio: str) -> None:
    require(node, {"stock": "audio_process", "native": "audio_task_start", "off": "snapshot_read"}[audio])
    change = "audio=False" if audio == "off" else f"audio_port={audio!r}"
    sizes = node.eval(f"thread_stack_sizes({change})")
    assert len(sizes) == (3 if audio == "stock" else 2)  # render, stream; audio
    assert set(sizes) == {node.eval("Board.thread_stack_bytes")}


@pytest.mark.parametrize("what", ["render_pass", "stream_pass"])
def test_a_worst_case_pass_leaves_4_kb(node: Node, what: str, record_property: Any) -> None:
    left = node.eval(f"stack_left({what})", 60)
    record_property("stack_left", left)
    assert left >= MARGIN


def test_the_stock_audio_thread_leaves_4_kb(node: Node) -> None:
    require(node, "audio_process")
    assert node.eval(f"audio_blocks_with({MARGIN})") >= 5


def test_the_native_workers_leave_4_kb(node: Node) -> None:
    require(node, "leds_start")
    after_some, after_more = node.eval("worker_stacks_over(1000)")
    assert min(after_more) >= MARGIN
    assert after_more == after_some  # nothing of a frame or a hop stays behind


def test_the_render_thread_uses_no_more_stack_after_1000_frames(node: Node) -> None:
    at_first, later = node.eval("render_stack_use(1000)", 60)
    assert 0 < at_first == later


@pytest.mark.parametrize("where", ["in_a_thread(recurse)", "recurse()"], ids=["thread", "main"])
def test_recursion_without_end_is_an_exception_and_the_node_goes_on(node: Node, where: str) -> None:
    node.exec("def recurse():\n    return recurse() + 1\n")
    for _ in range(3):
        with pytest.raises(NodeRaised, match="RuntimeError: maximum recursion depth exceeded"):
            node.exec(where)
    assert node.eval("in_a_thread(lambda: 42)") == 42
