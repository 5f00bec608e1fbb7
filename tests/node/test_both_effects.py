"""Every effect, alone on a strip. On MicroPython the frames run under a locked heap, with the machine-code kernels."""

from stage import Stage

from lightwave.compat import MICROPYTHON, heap_lock, heap_unlock
from lightwave_node import effects, palettes

FRAMES = 300 if MICROPYTHON else 30
STANDING = ("solid",)
BY_BEAT = ("pulse", "strobe", "chase", "colour_step", "launch", "build", "sway")
BY_SOUND = ("spectrum", "vu", "bloom", "history", "kaleidoscope", "spectrogram", "chroma", "glitter", "ripple")


def run_locked(stage, frames, with_sound):
    """Frames that may not allocate, with a change of palette (a cross-fade) every 50."""
    heap_lock()
    try:
        for number in range(frames):
            if with_sound:
                stage.hear(number)
            if number % 50 == 49:
                stage.look.palette = number % len(palettes.PALETTES)
                stage.look.note_change(120, stage.moment.hub30)
            stage.frame()
    finally:
        heap_unlock()


def test_every_effect_allocates_nothing_whatever_its_parameters():
    for effect in effects.NAMES:
        for value in (0, 255):
            for mirror in (False, True):
                stage = Stage(
                    37, bpm_x100=12800 if mirror else 0, effect=effect, speed=value, intensity=value, hue=value,
                    saturation=value, blur=value, mirror=mirror,
                )  # fmt: skip
                stage.frame()
                run_locked(stage, FRAMES, with_sound=value == 255)
                run_locked(stage, FRAMES, with_sound=value == 0)


def test_every_parameter_alone_at_its_extremes():
    """On one LED and on two as well: nothing divides by what may be zero, nothing writes outside."""
    for count in (1, 2, 3, 60):
        for effect in effects.NAMES:
            stage = Stage(count, effect=effect)
            for parameter in ("speed", "intensity", "hue", "saturation", "blur", "palette"):
                for value in (0, 255, 128):
                    setattr(stage.look, parameter, value)
                    stage.look.note_change(0, stage.moment.hub30)
                    run_locked(stage, 2, with_sound=True)


def test_every_effect_lights_the_strip_and_moves():
    for effect in effects.NAMES:
        for palette in (0, 1):
            stage = Stage(bpm_x100=12000, effect=effect, palette=palette, speed=128, intensity=128)
            shown = stage.frames(150, with_sound=True)
            assert max([max(wire) for wire in shown]) > 60, effect + " stays dark"
            if effect not in STANDING:
                different = 0
                for i in range(1, len(shown)):
                    different += shown[i] != shown[i - 1]
                assert different > 3, effect + " stands still"


def test_effects_by_the_beat_go_on_without_one():
    for effect in BY_BEAT:
        shown = Stage(effect=effect, speed=128, palette=1).frames(150)
        assert max([max(wire) for wire in shown]) > 100, effect
        assert len(set(shown)) > 1, effect


def test_effects_by_the_sound_are_dark_without_it():
    for effect in BY_SOUND:
        stage = Stage(effect=effect, palette=1)
        stage.frames(20, with_sound=True)
        stage.silence()
        stage.delta(speed=255)
        last = stage.frames(400)[-1]
        assert max(last) == 0, effect


def test_the_same_moments_give_the_same_bytes():
    for effect in effects.NAMES:
        first, second = Stage(12, effect=effect, hub30=12345), Stage(12, effect=effect, hub30=12345)
        assert first.frames(30, with_sound=True) == second.frames(30, with_sound=True), effect


def test_a_node_that_joins_later_is_in_phase():
    for effect in ("gradient", "plasma", "comet", "twinkle", "breathe", "wave", "aurora", "marquee", "launch"):
        early, late = Stage(20, effect=effect), Stage(20, effect=effect, hub30=100 * 8333)
        early.frames(100)
        shown, joined = early.frames(5)[-1], late.frames(5)[-1]
        assert max([abs(shown[i] - joined[i]) for i in range(len(shown))]) <= 1, effect  # one step of dithering
