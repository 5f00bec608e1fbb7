from dual_support import cases, no_allocation, raises

from lightwave.histogram import Histogram


def filled(limit, buckets, values):
    histogram = Histogram(limit, buckets)
    with no_allocation:
        for value in values:
            histogram.add(value)
    return histogram


EXACT = tuple(range(1, 32))
PERCENTILES = (
    ("median", EXACT, 50, 16),
    ("smallest", EXACT, 0, 1),
    ("largest", EXACT, 100, 31),
    ("one_value", (20,), 99, 20),
    ("repeated_values_weigh", (5, 5, 5, 9, 9), 50, 5),
    ("none", (), 50, 0),
    ("negative_is_zero", (-5, -1, 0), 100, 0),
    ("beyond_the_limit_is_the_worst", (1, 2, 999999), 99, 999999),
)


@cases(globals(), PERCENTILES)
def test_percentile(values, percent, expected):
    assert filled(16000, 256, values).percentile(percent) == expected


def test_every_value_is_within_the_stated_error():
    for buckets in (16, 64, 128, 256):
        histogram = Histogram(20000, buckets)
        for value in (1, 9, 63, 64, 65, 127, 128, 1000, 4095, 4096, 8333, 16667, 19999, 20000):
            histogram.reset()
            histogram.add(value)
            histogram.add(100000)  # so that the worst does not correct the answer
            off = abs(histogram.percentile(50) - value)
            assert off * 1000 <= value * histogram.error_permille, (buckets, value, off)


def test_default_resolution():
    for limit in (1000, 20000, 500000):
        assert Histogram(limit).error_permille <= 32


def test_count_worst_reset():
    histogram = filled(1000, 64, (5, 900, 3))
    assert (histogram.count, histogram.worst) == (3, 900)
    with no_allocation:
        histogram.reset()
    assert (histogram.count, histogram.worst, histogram.percentile(50)) == (0, 0, 0)


def test_too_few_buckets():
    with raises(ValueError):
        Histogram(1000000, 20)
