from dual_support import cases, no_allocation

from lightwave import ticks

LAST = ticks.PERIOD - 1
HALF = ticks.PERIOD // 2

ADD = (
    ("nothing", 5, 0, 5),
    ("forward", 5, 10, 15),
    ("back", 15, -10, 5),
    ("over_the_wrap", LAST, 1, 0),
    ("far_over_the_wrap", LAST, HALF - 1, HALF - 2),
    ("under_the_wrap", 0, -1, LAST),
    ("largest_forward", LAST, LAST, LAST - 1),
    ("largest_back", 0, -LAST - 1, 0),
)


@cases(globals(), ADD)
def test_add(a, delta, expected):
    with no_allocation:
        result = ticks.add(a, delta)
    assert result == expected


DIFF = (
    ("equal", 7, 7, 0),
    ("later", 9, 7, 2),
    ("earlier", 7, 9, -2),
    ("later_over_the_wrap", 1, LAST, 2),
    ("earlier_over_the_wrap", LAST, 1, -2),
    ("most_positive", HALF - 1, 0, HALF - 1),
    ("most_negative", HALF, 0, -HALF),
    ("ends", 0, LAST, 1),
)


@cases(globals(), DIFF)
def test_diff(a, b, expected):
    with no_allocation:
        result = ticks.diff(a, b)
        earlier = ticks.before(a, b)
    assert result == expected
    assert earlier == (expected < 0)


def test_diff_undoes_add_everywhere():
    for a in (0, 1, HALF - 1, HALF, HALF + 1, LAST - 1, LAST):
        for delta in (-HALF, -HALF + 1, -1, 0, 1, HALF - 1):
            with no_allocation:
                back = ticks.diff(ticks.add(a, delta), a)
            assert back == delta, (a, delta)
