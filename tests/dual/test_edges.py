from dual_support import cases, no_allocation

from lightwave.edges import EdgeFilter

RUNS = (  # ids in order of arrival, those let through
    ("three_sendings", (5, 5, 5), [5]),
    ("interleaved", (1, 2, 1, 2, 3, 1, 2, 3), [1, 2, 3]),
    ("newer_first", (9, 7, 8, 7, 9, 8), [9, 7, 8]),
    ("gap", (1, 40, 40, 39, 2), [1, 40, 39, 2]),
    ("over_the_wrap", (65534, 65535, 0, 65535, 1, 0, 65534), [65534, 65535, 0, 1]),
    ("behind_over_the_wrap", (2, 65535, 65535, 1), [2, 65535, 1]),
    ("oldest_remembered", (0, 511, 0, 1), [0, 511, 1]),
    ("older_counts_as_seen", (700, 188, 189), [700, 189]),
    (
        "spread_sendings_among_many_others",
        [5] + list(range(6, 300)) + [5] + list(range(300, 500)) + [5],
        list(range(5, 500)),
    ),
    ("a_place_taken_again", (5, 300, 517, 517), [5, 300, 517]),
    ("largest_step_ahead", (0, 1000, 0), [0, 1000]),
    ("numbered_anew", (5000, 0, 1, 0), [5000, 0, 1]),
    ("numbered_anew_ahead", (0, 1001, 0), [0, 1001, 0]),
)


@cases(globals(), RUNS)
def test_lets_through(ids, expected):
    edges = EdgeFilter()
    through = []
    for edge in ids:
        with no_allocation:
            seen = edges.seen(edge)
        if not seen:
            through.append(edge)
    assert through == expected


def test_reset_forgets():
    edges = EdgeFilter()
    edges.seen(5)
    edges.reset()
    assert not edges.seen(5)


def test_every_shift_keeps_what_it_should():
    for shift in (1, 7, 8, 9, 31, 255, 256, 510, 511, 512, 513, 1000):
        edges = EdgeFilter()
        edges.seen(0)
        with no_allocation:
            edges.seen(shift)
            first_seen = edges.seen(0)
        assert first_seen, shift
