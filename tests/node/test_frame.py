"""From light to wire bytes: brightness, dithering, cross-fades, the wheel, and the limit on flashes."""

import pytest
from stage import Stage

from lightwave_node import effects
from lightwave_node.light import FULL, LINEAR, THRESHOLDS, gain
from lightwave_node.snapshot import BASS_AT

SECOND = 120  # frames


def test_the_curve_is_that_of_srgb():
    assert LINEAR[0] == 0 and LINEAR[255] == 65535
    assert abs(LINEAR[128] - 14146) <= 1 and abs(LINEAR[10] - 199) <= 1
    assert list(LINEAR) == sorted(LINEAR)


def test_the_gain_runs_from_nothing_to_the_brightest_byte():
    gains = [gain(fader) for fader in range(FULL + 1)]
    assert gains[0] == 0 and gains[-1] == 16320
    assert gains == sorted(gains)


def test_every_threshold_once_and_neighbours_far_apart():
    assert sorted(THRESHOLDS[:256]) == list(range(256))
    assert THRESHOLDS[256:] == THRESHOLDS[:106]
    assert all(abs(THRESHOLDS[i] - THRESHOLDS[(i + 1) % 256]) >= 64 for i in range(256))


@pytest.mark.parametrize("fader", [FULL, FULL // 2, FULL // 4])
@pytest.mark.parametrize("hue", [0, 20, 43, 100, 200])
def test_256_frames_are_the_colour_exactly(fader, hue):
    stage = Stage(3, effect="solid", hue=hue, saturation=200)
    stage.fader = fader
    shown = stage.frames(256)
    pixels = stage.strip._pixels
    for led in range(3):
        for part, byte in ((0, 1), (1, 0), (2, 2)):
            target = pixels[3 * led + part] * gain(fader) / 16384 / 256
            mean = sum(wire[3 * led + byte] for wire in shown) / 256
            assert abs(mean - target) <= (1 / 256 if target > 1 / 4 else 1 / 4)
            assert max(wire[3 * led + byte] for wire in shown) <= target + 1


def test_a_fraction_is_spread_evenly_over_time():
    stage = Stage(1, effect="solid", hue=0, saturation=0)
    stage.fader = 20000
    bytes_shown = [wire[0] for wire in stage.frames(256)]
    low = min(bytes_shown)
    longest = run = 0
    for value in bytes_shown:
        run = run + 1 if value == low else 0
        longest = max(longest, run)
    share = (sum(bytes_shown) - low * 256) / 256
    assert 0 < share < 1 and longest <= 2 / share


def test_full_colours_and_darkness_stand_still():
    for hue in (0, 85, 170):
        shown = Stage(5, effect="solid", hue=hue).frames(256)
        assert max(shown[0]) == 255
        assert all(max(wire) == 255 and wire.count(255) == 5 for wire in shown)
    stage = Stage(5, effect="solid")
    stage.fader = 0
    assert set(stage.frames(256)) == {bytes(15)}


def test_blackout_is_dark_at_once_even_in_a_fade():
    stage = Stage(5, effect="solid")
    stage.frames(5)
    stage.scene(10_000, effect="gradient", palette=1)
    stage.frames(50)
    stage.fader = 0
    stage.delta(0)
    assert set(stage.frames(20)) == {bytes(15)}
    stage.fader = FULL
    stage.delta(0)
    assert max(stage.frames(1)[0]) > 100


def red_and_blue(wires):
    """The light of each frame, without its dithering: sums over the strip."""
    return [sum(wire[1::3]) for wire in wires], [sum(wire[2::3]) for wire in wires]


@pytest.mark.parametrize("fade_ms", [100, 1000, 10_000])
def test_a_cross_fade_is_monotone_and_takes_its_time(fade_ms):
    stage = Stage(64, effect="solid", hue=0)
    stage.frames(3)
    stage.scene(fade_ms, effect="solid", hue=170)
    frames = fade_ms * SECOND // 1000
    red, blue = red_and_blue(stage.frames(frames + 2))
    steps = [later - earlier for earlier, later in zip(red, red[1:], strict=False)]
    assert max(steps) <= 3  # of 16,320: what 64 dithered LEDs cannot show any finer
    assert min(steps) >= -64 * 255 / frames * 2 - 3
    assert red[0] > 64 * 255 * 0.8 and red[-1] == 0 and blue[-1] == 64 * 255
    half = frames // 2
    assert abs(red[half] - blue[half]) < 64 * 255 * 0.2


def test_the_first_scene_of_all_fades_in_from_the_dark():
    stage = Stage(4, effect="solid")
    stage.look.fade_ms = 500
    red, _ = red_and_blue(stage.frames(70))
    assert red[0] < 200 and red[-1] == 4 * 255
    assert max(later - earlier for earlier, later in zip(red, red[1:], strict=False)) < 100


def test_both_effects_run_during_a_cross_fade():
    fading, old = Stage(20, effect="comet", palette=1), Stage(20, effect="comet", palette=1)
    fading.frames(10)
    old.frames(10)
    fading.scene(10_000, effect="solid", hue=0)
    for _ in range(60):  # the new one hardly weighs yet
        fading.frame()
        old.frame()
    brightest = max(range(20), key=lambda led: sum(old.wire[3 * led : 3 * led + 3]))
    assert sum(fading.wire[3 * brightest : 3 * brightest + 3]) > 100


@pytest.mark.parametrize("old", effects.NAMES)
def test_a_cross_fade_from_any_effect_begins_with_what_was_seen(old):
    stage = Stage(12, effect=old, palette=1, bpm_x100=6000)
    before = stage.frames(20, with_sound=True)[-1]
    stage.scene(10_000, effect="gradient", palette=3)
    stage.hear(19)
    stage.frame(0)
    assert max(abs(a - b) for a, b in zip(stage.wire, before, strict=True)) <= 1


def test_a_delta_within_a_fade_does_not_end_it():
    stage = Stage(8, effect="solid", hue=0)
    stage.frames(3)
    stage.scene(1000, effect="solid", hue=170)
    stage.frames(60)
    stage.delta(0, saturation=255)
    red, blue = red_and_blue(stage.frames(1))
    assert 0 < red[0] < 8 * 200 and 0 < blue[0] < 8 * 200


def test_a_new_speed_changes_no_place():
    stage = Stage(60, effect="gradient", palette=1, speed=20, hub30=500_000_000)
    stage.frames(10)
    canvas = stage.strip._canvas
    before = canvas.phase
    stage.delta(speed=200)
    stage.frame()
    moved = (canvas.phase - before) % (1 << 20)
    assert abs(moved - 8333 * 200 // 1024) < 8333 * 200 // 1024 // 4


def test_after_a_new_speed_a_node_comes_back_into_phase():
    stage = Stage(20, effect="gradient", palette=1, speed=255, hub30=500_000_000)
    stage.delta(speed=250)
    for _ in range(60 * SECOND):
        stage.frame()
    late = Stage(20, effect="gradient", palette=1, speed=250, hub30=stage.moment.hub30)
    late.frame(0)
    stage.frame(0)
    assert stage.strip._canvas.phase == late.strip._canvas.phase


@pytest.mark.parametrize("speed", [1, 77, 128, 255])
def test_the_end_of_a_lap_of_hub_time_does_not_show(speed):
    stage = Stage(4, effect="solid", speed=speed, hub30=(1 << 30) - 30_000)
    canvas = stage.strip._canvas
    stage.frame()
    for _ in range(8):
        before = [canvas.turn(sixteenths) for sixteenths in range(1, 33)]
        stage.frame()
        for sixteenths in range(1, 33):
            moved = (canvas.turn(sixteenths) - before[sixteenths - 1]) % 65536
            assert abs(moved - (8333 * speed * sixteenths >> 14)) <= sixteenths // 8 + 2


def flashes(wires):
    """The frames at which the strip goes from dark to lit."""
    lit = [max(wire) > 0 for wire in wires]
    return [i for i in range(1, len(lit)) if lit[i] and not lit[i - 1]]


def most_in_a_second(found):
    return max((sum(start <= other <= start + SECOND for other in found) for start in found), default=0)


@pytest.mark.parametrize("intensity", [0, 255])
@pytest.mark.parametrize("speed", [0, 1, 40, 63, 64, 128, 200, 255])
@pytest.mark.parametrize("bpm_x100", [0, 3000, 12000, 17900, 20000, 60000])
def test_never_more_than_three_flashes_in_a_second(bpm_x100, speed, intensity):
    stage = Stage(4, effect="strobe", speed=speed, intensity=intensity, bpm_x100=bpm_x100)
    found = flashes(stage.frames(8 * SECOND))
    assert most_in_a_second(found) <= 3
    if bpm_x100 or speed > 40:
        assert len(found) >= 3


def test_the_limit_holds_over_changes_of_scene_speed_and_fades():
    stage = Stage(4, effect="strobe", speed=255)
    shown = []
    for number in range(60):
        if number % 3:
            stage.scene(50 * (number % 2), effect="strobe", speed=100 + number)
        else:
            stage.delta(50, speed=255 - number)
        shown += stage.frames(17)
    assert most_in_a_second(flashes(shown)) <= 3


def test_the_limit_can_be_lifted():
    stage = Stage(4, effect="strobe", speed=255, intensity=0)
    stage.strip.flashes.unlimited = True
    assert most_in_a_second(flashes(stage.frames(2 * SECOND))) > 10


@pytest.mark.parametrize("bpm_x100", [17_000, 17_100, 24_000])
def test_a_pulse_flashes_no_faster_either(bpm_x100):
    stage = Stage(4, effect="pulse", intensity=255, bpm_x100=bpm_x100)
    levels = [max(wire) for wire in stage.frames(4 * SECOND)]
    jumps = [i for i in range(1, len(levels)) if levels[i] > levels[i - 1] + 60]
    assert jumps and most_in_a_second(jumps) <= 3


def jumping_beat(stage, frame):
    """A tempo whose phase is corrected wildly, eight times a second."""
    if frame % 15 == 0:
        stage.moment.beat_phase = (0, 50000)[frame // 15 % 2]


def drum_roll(stage, frame):
    """Bass that is struck eight times a second."""
    stage.put(BASS_AT, 65535 if frame % 15 < 3 else 0)


@pytest.mark.parametrize(("effect", "play"), [("pulse", jumping_beat), ("strobe", jumping_beat), ("bloom", drum_roll)])
def test_what_lights_a_whole_strip_flashes_no_faster_whatever_drives_it(effect, play):
    stage = Stage(4, effect=effect, intensity=255, speed=255, bpm_x100=6000)
    levels = []
    for frame in range(8 * SECOND):
        play(stage, frame)
        stage.frame()
        levels.append(sum(stage.wire))
    full = max(levels)
    flashing, lowest = [], 0
    for frame, level in enumerate(levels):  # a flash: a tenth more light than the least since the last one
        if level > lowest + full // 10:
            if not flashing or frame > flashing[-1] + 8:
                flashing.append(frame)
            lowest = level
        lowest = min(lowest, level)
    assert len(flashing) > 8 and most_in_a_second(flashing) <= 3
