"""Log lines: one record, one line, whatever a peer put into it."""

import json
import logging

import pytest

from lightwave_hub.log import JsonFormatter, LineFormatter, control_log, event, failure
from tests.hub.cli_support import HubProcess
from tests.hub.support import MAC, FakeNode


@pytest.fixture(params=[LineFormatter])
def lines(request):
    """The formatted lines of what a test logs."""
    seen = []
    handler = logging.Handler()
    formatter = request.param()
    handler.emit = lambda record: seen.append(formatter.format(record))
    control_log.addHandler(handler)
    yield seen
    control_log.removeHandler(handler)


def test_fields(lines):
    event(control_log, logging.WARNING, "rejected", node=3, mac="AA:BB", why="two words", empty="")
    assert lines[0].endswith('WARNING control  rejected node=3 mac=AA:BB why="two words" empty=""')


@pytest.mark.parametrize("nasty", ["a\nb", "\x1b[31mred", 'say "hi"', "a=b\r\nWARNING fake"])
def test_nothing_breaks_the_line(lines, nasty):
    event(control_log, logging.WARNING, "rejected", why=nasty)
    assert len(lines[0].splitlines()) == 1
    assert lines[0].isprintable()


def test_a_traceback_stays_on_its_line(lines):
    try:
        raise ValueError("why")
    except ValueError:
        failure(control_log, "connection failed", node=1)
    assert len(lines[0].splitlines()) == 1
    assert "node=1" in lines[0] and "ValueError: why" in lines[0]


in_json = pytest.mark.parametrize("lines", [JsonFormatter], indirect=True)


@in_json
@pytest.mark.parametrize("nasty", ["a\nb", "\x1b[31mred", 'say "hi"', "ü\u2028\ud800"])
def test_json_is_one_object_a_line_whatever_a_peer_says(lines, nasty):
    event(control_log, logging.WARNING, nasty, node=3, mac="AA:BB", why=nasty, time="never")
    assert lines[0].isprintable() and lines[0].isascii()
    line = json.loads(lines[0])
    assert (line["level"], line["area"], line["text"], line["node"]) == ("warning", "control", nasty, 3)
    assert (line["mac"], line["why"], line["time_"]) == ("AA:BB", nasty, "never")
    assert line["time"].endswith("Z")


@in_json
def test_a_traceback_is_a_field(lines):
    try:
        raise ValueError("why")
    except ValueError:
        failure(control_log, "connection failed", node=1, traceback="mine")
    line = json.loads(lines[0])
    assert "ValueError: why" in line["traceback"] and line["traceback_"] == "mine"


async def test_a_hub_logs_json_when_told_so(tmp_path):
    """Every line it writes, from its start to its end, with the node that a line is about."""
    file = tmp_path / "hub.toml"
    file.write_text('[hub]\nlog_format = "json"\n')
    hub = HubProcess("--config", str(file), "--time-port", "0", "--udp-port", "49998")
    node = await FakeNode.connect(hub.url)
    await node.join()
    await node.close()
    _, errors = hub.stop()
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any(line.get("mac") == MAC and "node" in line for line in lines)
