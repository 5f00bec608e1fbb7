from dual_support import Random, no_allocation

from lightwave.running_median import RunningMedian


def test_it_is_the_middle_of_the_last_few():
    random = Random(5)
    median = RunningMedian(8)
    values = []
    for _ in range(200):
        values.append(random.below(20) - 10)
        with no_allocation:
            median.add(values[-1])
        last = sorted(values[-8:])
        assert median.middle == last[len(last) // 2] and median.newest == values[-1], values[-8:]


def test_cleared_it_begins_anew():
    median = RunningMedian(3)
    for value in (9, 8, 7):
        median.add(value)
    median.clear()
    assert (median.count, median.middle) == (0, 0)
    median.add(5)
    assert median.middle == 5
