"""How the spread is judged from journals."""

from lightwave_sim.journal import Frame
from lightwave_sim.spread import HUES, SceneChange, every_frame, measure

PERIOD_NS = 8_333_333
WIRE = {"r": b"\x00\xff\x00", "g": b"\xff\x00\x00"}  # green, red, blue


def frames(behind_us, count=10, wire=WIRE["r"], skip=()):
    starts = [1_000_000_000 + number * PERIOD_NS + behind_us * 1000 for number in range(count) if number not in skip]
    return [Frame(5, start, start + 30_000, start + 310_000, False, False, wire) for start in starts]


def report(*strips):
    return every_frame(strips, 0, 1 << 62)


def test_every_frame_tells_how_far_behind_the_first_each_node_is():
    found = report(frames(100), frames(40), frames(350))
    assert len(found.frames) == 8 and found.missed == 0
    assert {frame.behind_us for frame in found.frames} == {(60.0, 0.0, 310.0)}
    assert found.frames[0].spread_us == 310.0


def test_a_frame_that_one_node_left_out_is_missed_and_not_spread():
    found = report(frames(0), frames(10, skip=(5,)))
    assert found.missed == 1 and len(found.frames) == 7


def test_only_the_time_asked_for_counts():
    strips = [frames(0), frames(10)]
    since_ns = strips[0][4].start_ns
    assert len(every_frame(strips, since_ns, 1 << 62).frames) == 4


def test_one_node_alone_has_no_spread():
    assert report(frames(0)).frames == []


def test_a_change_is_as_far_apart_as_its_first_frames():
    asked_ns = 900_000_000
    strips = [frames(0, 3) + frames(3 * 8333, 5, WIRE["g"]), frames(200, 3) + frames(3 * 8333 + 200, 5, WIRE["g"])]
    change = SceneChange(asked_ns, next(hue for hue, lit in HUES.items() if lit == "g"))
    assert measure([change], strips, asked_ns + 10**9).shown == [(asked_ns, 200.0)]
