import _thread
from time import sleep

from dual_support import Random, cases, no_allocation, raises

from lightwave import packets, ticks
from lightwave.apply_queue import ApplyQueue

LAST = ticks.PERIOD - 1


def payload(channels=1, mask=4, mark=0, edge=0):
    buf = bytearray(packets.PACKET_SIZE)
    packets.pack_edge(buf, packets.PAYLOAD_AT, edge, channels, mask, 0)
    buf[packets.PAYLOAD_AT + packets.EDGE_BLOCK_AT] = mark
    return buf


def push(queue, due, kind=packets.SCENE_CHANGE, buf=None):
    if buf is None:
        buf = payload()
    with no_allocation:
        return queue.push(kind, due, buf, packets.PAYLOAD_AT, packets.EDGE_SIZE)


def mark_of(queue, slot):
    return queue.data[slot * queue.stride + packets.EDGE_BLOCK_AT]


def drain(queue, now):
    """[(due, mark)] of what is due."""
    taken = []
    while True:
        with no_allocation:
            slot = queue.pop_due(now)
        if slot < 0:
            return taken
        taken.append((queue.due[slot], mark_of(queue, slot)))
        with no_allocation:
            queue.release(slot)


ORDERS = (  # pushed, now, popped
    ("in_order", (1, 2, 3), 3, [1, 2, 3]),
    ("backwards", (3, 2, 1), 3, [1, 2, 3]),
    ("into_the_middle", (1, 5, 3, 4, 2), 9, [1, 2, 3, 4, 5]),
    ("only_the_due", (1, 2, 3), 2, [1, 2]),
    ("none_due", (5,), 4, []),
    ("over_the_wrap", (1, LAST, 0, LAST - 1), 1, [LAST - 1, LAST, 0, 1]),
    ("only_the_due_over_the_wrap", (1, LAST), 0, [LAST]),
)


@cases(globals(), ORDERS)
def test_order(dues, now, expected):
    queue = ApplyQueue()
    for due in dues:
        assert push(queue, due)
    assert [due for due, _ in drain(queue, now)] == expected
    assert queue.waiting == len(dues) - len(expected)


def test_equal_times_leave_in_the_order_they_came():
    queue = ApplyQueue()
    for due, mark in ((7, 1), (9, 2), (7, 3), (9, 4), (7, 5)):
        push(queue, due, buf=payload(mark=mark))
    assert drain(queue, 10) == [(7, 1), (7, 3), (7, 5), (9, 2), (9, 4)]


EDGE, DELTA, STATE, BEAT = packets.SCENE_CHANGE, packets.PARAM_DELTA, packets.STATE, packets.BEAT_TICK
SAME_MOMENT = (  # (kind, edge id) as pushed, the places in which they leave
    ("edges_by_id", ((EDGE, 8), (EDGE, 7), (DELTA, 9)), [1, 0, 2]),
    ("ids_that_wrap", ((EDGE, 1), (EDGE, 65535), (EDGE, 0)), [1, 2, 0]),
    ("edges_before_the_state_that_has_them", ((STATE, 0), (EDGE, 3), (EDGE, 2)), [2, 1, 0]),
    ("others_as_they_came", ((BEAT, 0), (STATE, 0), (BEAT, 0)), [0, 1, 2]),
)


@cases(globals(), SAME_MOMENT)
def test_same_moment(pushed, expected):
    queue = ApplyQueue()
    push(queue, 6, BEAT, payload(mark=90))
    push(queue, 8, BEAT, payload(mark=91))
    for mark in range(len(pushed)):
        push(queue, 7, pushed[mark][0], payload(edge=pushed[mark][1], mark=mark))
    assert [mark for _, mark in drain(queue, 10)] == [90] + expected + [91]


def test_a_popped_slot_keeps_its_payload_until_released():
    queue = ApplyQueue(capacity=2)
    push(queue, 1, packets.BEAT_TICK, payload(mark=11))
    slot = queue.pop_due(1)
    push(queue, 2, buf=payload(mark=22))
    assert not push(queue, 3, buf=payload(mark=33))
    assert (queue.kind[slot], queue.length[slot], mark_of(queue, slot)) == (packets.BEAT_TICK, packets.EDGE_SIZE, 11)
    queue.release(slot)
    assert push(queue, 3, buf=payload(mark=33))
    assert drain(queue, 3) == [(2, 22), (3, 33)]


def test_full_drops_the_newest_and_counts():
    queue = ApplyQueue()
    for due in range(64):
        assert push(queue, due, buf=payload(mark=due))
    assert not push(queue, 0, buf=payload(mark=99))
    assert (queue.dropped, queue.coalesced, queue.waiting, queue.high_water) == (1, 0, 64, 64)
    assert [mark for _, mark in drain(queue, 64)] == list(range(64))


def full_of_deltas():
    queue = ApplyQueue(capacity=4)
    push(queue, 10, packets.PARAM_DELTA, payload(1, 0x004, 1))
    push(queue, 20, packets.PARAM_DELTA, payload(2, 0x004, 2))
    push(queue, 30, packets.PARAM_DELTA, payload(2, 0x104, 3))
    push(queue, 40, packets.SCENE_CHANGE, payload(1, 0x104, 4))
    return queue


COALESCED = (  # channels, mask, what remains
    ("the_first", 1, 0x004, [(20, 2), (30, 3), (40, 4), (50, 9)]),
    ("one_inside", 2, 0x004, [(10, 1), (30, 3), (40, 4), (50, 9)]),
    ("by_high_mask_byte", 2, 0x104, [(10, 1), (20, 2), (40, 4), (50, 9)]),
    ("not_a_scene_change", 1, 0x104, [(10, 1), (20, 2), (30, 3), (40, 4)]),
    ("not_another_channel", 3, 0x004, [(10, 1), (20, 2), (30, 3), (40, 4)]),
)


@cases(globals(), COALESCED)
def test_full_coalesces(channels, mask, expected):
    queue = full_of_deltas()
    kept = push(queue, 50, packets.PARAM_DELTA, payload(channels, mask, 9))
    assert kept == ((50, 9) in expected)
    assert (queue.coalesced, queue.dropped) == ((1, 0) if kept else (0, 1))
    assert drain(queue, 60) == expected


def test_coalescing_the_last_keeps_the_list_whole():
    queue = ApplyQueue(capacity=2)
    push(queue, 10)
    push(queue, 20, packets.PARAM_DELTA, payload(mark=1))
    push(queue, 5, packets.PARAM_DELTA, payload(mark=2))
    assert drain(queue, 30) == [(5, 2), (10, 0)]
    assert push(queue, 40) and push(queue, 35)
    assert [due for due, _ in drain(queue, 50)] == [35, 40]


def test_not_full_does_not_coalesce():
    queue = ApplyQueue()
    for mark in (1, 2):
        push(queue, 10, packets.PARAM_DELTA, payload(mark=mark))
    assert drain(queue, 10) == [(10, 1), (10, 2)]


def test_clear_forgets_the_waiting_but_not_the_popped():
    queue = ApplyQueue(capacity=3)
    for due in (1, 2, 3):
        push(queue, due)
    slot = queue.pop_due(1)
    queue.clear()
    assert queue.pop_due(9) == -1 and queue.waiting == 0
    assert push(queue, 4) and push(queue, 5) and not push(queue, 6)
    queue.release(slot)
    assert push(queue, 6)


def test_longest_payload_fits_and_a_longer_one_is_refused():
    queue = ApplyQueue(capacity=1)
    buf = bytearray(range(packets.PACKET_SIZE))
    assert not queue.push(packets.STATE, 1, buf, 0, packets.PAYLOAD_MAX + 1)
    assert queue.push(packets.STATE, 1, buf, packets.PAYLOAD_AT, packets.STATE_SIZE)
    slot = queue.pop_due(1)
    assert bytes(queue.data[: queue.stride]) == bytes(buf[packets.PAYLOAD_AT :]) and slot == 0


def test_capacity_is_checked():
    for capacity in (0, 255):
        with raises(ValueError):
            ApplyQueue(capacity)


class CountingLock:
    def __init__(self):
        self.held = 0
        self.taken = 0

    def acquire(self):
        assert self.held == 0
        self.held += 1
        self.taken += 1

    def release(self):
        self.held -= 1

    def __enter__(self):
        self.acquire()

    def __exit__(self, *_):
        self.release()


def test_lock_is_taken_and_let_go():
    lock = CountingLock()
    queue = ApplyQueue(lock=lock)
    queue.push(packets.STATE, 1, bytearray(64), 0, 36)
    assert queue.pop_due(0) == -1
    queue.release(queue.pop_due(1))
    queue.clear()
    assert lock.held == 0 and lock.taken > 4


def test_behaves_like_a_sorted_list():
    random = Random(7)
    queue = ApplyQueue(capacity=16)
    model = []  # (due, mark) in the order they must leave
    now = ticks.PERIOD - 500
    for step in range(600):
        now = ticks.add(now, random.below(4))
        if random.below(2):
            due = ticks.add(now, random.below(40) - 10)
            if push(queue, due, buf=payload(mark=step % 256)):
                place = len(model)
                while place and ticks.before(due, model[place - 1][0]):
                    place -= 1
                model.insert(place, (due, step % 256))
            else:
                assert len(model) == 16
        else:
            expected = []
            while model and not ticks.before(now, model[0][0]):
                expected.append(model.pop(0))
            assert drain(queue, now) == expected
        assert queue.waiting == len(model)


def test_one_thread_pushes_while_another_pops():
    count = 3000
    queue = ApplyQueue(capacity=8)
    finished = _thread.allocate_lock()
    finished.acquire()

    def produce():
        buf = payload()
        for due in range(count):
            buf[packets.PAYLOAD_AT + packets.EDGE_BLOCK_AT] = due % 251
            while not queue.push(packets.SCENE_CHANGE, due, buf, packets.PAYLOAD_AT, packets.EDGE_SIZE):
                sleep(0)  # let the other thread run
        finished.release()

    _thread.start_new_thread(produce, ())
    expected = 0
    while expected < count:
        for due, mark in drain(queue, count):
            assert (due, mark) == (expected, expected % 251)
            expected += 1
        sleep(0)
    finished.acquire()
    assert queue.waiting == 0 and queue.high_water <= 8
