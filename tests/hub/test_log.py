"""Log lines: one record, one line, whatever a peer put into it."""

import logging

import pytest

from lightwave_hub.log import LineFormatter, control_log, event, failure


@pytest.fixture
def lines():
    """The formatted lines of what a test logs."""
    seen = []
    handler = logging.Handler()
    formatter = LineFormatter()
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
