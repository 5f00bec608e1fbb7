"""Palettes and effects as tables: names, ids, ranges."""

from pathlib import Path

import pytest

from lightwave_node import effects, palettes
from lightwave_node.palettes import hue_stops, pure_colour


def test_names_fit_the_catalogue():
    for names in (effects.names(), palettes.names()):
        assert len(names) == len(set(names)) <= 64
        assert all(1 <= len(name) <= 24 and name.islower() for name in names)


def test_ids_on_the_wire_stay():
    assert effects.names()[:4] == ["solid", "gradient", "pulse", "spectrum"]
    assert palettes.names()[:2] == ["hue", "rainbow"]


def test_there_are_enough():
    assert len(effects.EFFECTS) == len(effects.NAMES) >= 20
    assert len(palettes.PALETTES) >= 24


def test_every_effect_is_one_file_that_says_what_it_shows():
    folder = Path(effects.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert files == set(effects.NAMES)
    for name in files:
        text = (folder / f"{name}.py").read_text()
        assert text.startswith('"""') and len(text.splitlines()) <= 60


@pytest.mark.parametrize("palette", range(1, len(palettes.PALETTES)))
def test_gradients_are_whole(palette):
    stops = palettes.gradients()[palette]
    places = list(stops[::4])
    assert len(stops) % 4 == 0 and len(places) >= 2
    assert places[0] == 0 and places[-1] == 255
    assert places == sorted(set(places))
    assert stops[1:4] == stops[-3:], "a ring"


@pytest.mark.parametrize(
    ("hue", "colour"),
    [
        (0, (255, 0, 0)),
        (43, (253, 255, 0)),
        (85, (1, 255, 0)),
        (128, (0, 255, 255)),
        (170, (0, 3, 255)),
        (213, (253, 0, 255)),
    ],
)
def test_hues(hue, colour):
    got = bytearray(3)
    pure_colour(got, 0, hue)
    assert tuple(got) == colour


def test_hues_are_pure_and_go_round():
    colours = []
    for hue in range(256):
        got = bytearray(3)
        pure_colour(got, 0, hue)
        assert max(got) == 255 and min(got) == 0
        colours.append(got)
    for i in range(256):
        assert sum(abs(a - b) for a, b in zip(colours[i], colours[i - 1], strict=True)) <= 12


def test_the_palette_of_a_hue_wanders_off_and_comes_back():
    stops = bytearray(12)
    hue_stops(stops, 250)
    assert list(stops[::4]) == [0, 128, 255]
    assert stops[1:4] == stops[9:12] != stops[5:8]
