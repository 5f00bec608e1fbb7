"""Settings: defaults, limits, and refusals that name both."""

from typing import Any

import numpy as np
import pytest

from lightwave_node.config import Config, ConfigError


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"rate": 11999}, "rate: 11999 is not in 12000..48000"),
        ({"rate": 48001}, "rate: 48001 is not in 12000..48000"),
        ({"rate": -(2**31)}, "rate: -2147483648 is not in 12000..48000"),
        ({"hop": 0}, "hop: 0 is not in 64..256"),
        ({"hop": 320}, "hop: 320 is not in 64..256"),
        ({"hop": 100}, "hop: 100 is not a multiple of 64"),
        ({"lowest_chz": 5499}, "lowest_chz: 5499 is not in 5500..44000"),
        ({"lowest_chz": 15137}, "lowest_chz: 15137 is not in 5500..15136 at this rate"),
        ({"gain_db": 61}, "gain_db: 61 is not in -24..60"),
        ({"gain_db": -25}, "gain_db: -25 is not in -24..60"),
        ({"attack_ms": -1}, "attack_ms: -1 is not in 0..1000"),
        ({"release_ms": 5001}, "release_ms: 5001 is not in 0..5000"),
        ({"range_db": -91}, "range_db: -91 is not in -90..-20"),
        ({"recovery_ms": 199}, "recovery_ms: 199 is not in 200..60000"),
    ],
)
def test_a_refusal_names_setting_and_limit_and_changes_nothing(
    kernel: Any, settings: dict[str, int], text: str
) -> None:
    kernel.sine(440)
    before, loudness = kernel.magnitudes, kernel.last["vu_rms"]
    with pytest.raises(ValueError, match=f"^{text}$"):
        kernel.start(**settings)
    kernel.feed(0.9 * np.sin(2 * np.pi * 440 * np.arange(128) / 16000))
    assert kernel.magnitudes[0] == pytest.approx(before[0], rel=0.5), "the past has not been forgotten"
    assert kernel.last["vu_rms"] == pytest.approx(loudness, rel=0.2)


def test_every_default_and_every_limit_is_accepted_by_itself(kernel: Any) -> None:
    for name, (low, high, standard) in kernel.settings.items():
        for value in (low, high, standard):
            rate = 48000 if name == "lowest_chz" else 16000
            kernel.start(**{"rate": rate, name: value})
            kernel.sine(440, 0.1)
            assert kernel.last["bins"] == 64


@pytest.mark.parametrize("lowest_hz", [55.0, 103.83, 108.0, 130.81, 151.36])
def test_the_lowest_bin_can_be_chosen(kernel: Any, lowest_hz: float) -> None:
    kernel.start(lowest_chz=round(lowest_hz * 100))
    assert kernel.frequencies == pytest.approx(lowest_hz * 2 ** (np.arange(64) / 12), rel=1e-5)
    for semitone in (0, 11, 12, 37, 63):
        kernel.start(lowest_chz=round(lowest_hz * 100))
        kernel.sine(kernel.frequencies[semitone], 1.5)
        assert abs(kernel.levels_db[semitone]) < 0.3  # the front end's high-pass takes 0.14 dB of 55 Hz
        assert kernel.levels_db.argmax() == semitone


def test_the_nodes_configuration_has_the_same_names_order_limits_and_defaults(kernel: Any) -> None:
    standard = Config({"ssid": "stage"}).audio_settings
    assert standard == [standard for _, _, standard in kernel.settings.values()]
    for place, (name, (low, high, _)) in enumerate(kernel.settings.items()):
        for value in (low, high):
            values = {"ssid": "stage", "audio_rate": 48000, f"audio_{name}": value}
            assert Config(values).audio_settings[place] == value
        for value in (low - 1, high + 1):
            with pytest.raises(ConfigError, match=f"audio_{name}: "):
                Config({"ssid": "stage", f"audio_{name}": value})


@pytest.mark.parametrize("rate", [12000, 12800, 16000, 32000, 44100])
def test_the_highest_lowest_bin_of_the_configuration_fits(kernel: Any, rate: int) -> None:
    highest = min(rate * 94 // 100, 44000)
    config = Config({"ssid": "stage", "audio_rate": rate, "audio_lowest_chz": highest})
    kernel.start(**dict(zip(kernel.settings, config.audio_settings, strict=True)))
    assert kernel.frequencies[63] == pytest.approx(highest / 100 * 2 ** (63 / 12), rel=1e-5)
