"""Palettes and effects as tables: names, ids, ranges, and wheels that turn alike on every node."""

import pytest

from lightwave_node import effects, palettes
from lightwave_node.effects.base import turn
from lightwave_node.palettes import hue_colour


def test_names_fit_the_catalogue():
    for names in (effects.names(), palettes.names()):
        assert len(names) == len(set(names)) <= 64
        assert all(1 <= len(name) <= 24 and name.islower() for name in names)


def test_ids_on_the_wire_stay():
    assert effects.names()[:4] == ["solid", "gradient", "pulse", "spectrum"]
    assert palettes.names()[:2] == ["hue", "rainbow"]


@pytest.mark.parametrize("palette", range(1, len(palettes.PALETTES)))
def test_gradients_are_whole(palette):
    stops = palettes.gradients()[palette]
    places = list(stops[::4])
    assert len(stops) % 4 == 0 and len(places) >= 2
    assert places[0] == 0 and places[-1] == 255
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("hue", "saturation", "colour"),
    [
        (0, 255, (65535, 0, 0)),
        (43, 255, (65025, 65025, 0)),
        (85, 255, (0, 65535, 0)),
        (128, 255, (0, 65025, 65025)),
        (170, 255, (0, 0, 65535)),
        (213, 255, (65025, 0, 65025)),
        (0, 0, (65535, 65535, 65535)),
        (0, 128, (65535, 32639, 32639)),
    ],
)
def test_hues(hue, saturation, colour):
    got = [0, 0, 0]
    hue_colour(got, 0, hue, saturation)
    assert all(abs(a - b) <= 1100 for a, b in zip(got, colour, strict=True)), got


def test_hues_stay_in_range():
    got = [0, 0, 0]
    for hue in range(256):
        for saturation in (0, 1, 128, 254, 255):
            hue_colour(got, 0, hue, saturation)
            assert all(0 <= part <= 65535 for part in got)
            assert max(got) >= 65000


def test_a_wheel_turns_evenly_and_over_the_end_of_a_lap():
    lap = 1 << 30
    rate = 1074  # once a second
    assert turn(0, rate) == 0
    assert abs(turn(250_000, rate) - 16384) < 20
    for hub30 in (0, 12_345, 999_999, lap - 100_000):
        step = (turn((hub30 + 16_667) % lap, rate) - turn(hub30, rate)) % 65536
        assert abs(step - 1092) <= 2
    end = (turn(0, rate) - turn(lap - 16_667, rate)) % 65536
    assert abs(end - 1092) <= 2


def test_a_wheel_at_rest():
    assert turn(123_456_789, 0) == 0
