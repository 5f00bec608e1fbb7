"""What lights are made of: noise floor, auto-range, smoothing, silence, chroma and bands."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from host_kernels import SILENCE

PITCHES = ["A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#"]
RATE = 16000


def noise(seconds: float, rms: float, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, rms, round(seconds * RATE))


def tones(seconds: float, *hz: float, amplitude: float = 0.2) -> NDArray[np.float64]:
    at = np.arange(round(seconds * RATE)) / RATE
    return amplitude * sum(np.sin(2 * np.pi * each * at + each) for each in hz)


# ---- noise floor --------------------------------------------------------------------------------------------------


def test_hiss_of_a_quiet_room_is_dark_from_the_start(kernel: Any) -> None:
    snapshots = kernel.feed(noise(2, 1e-4))  # -80 dB of full scale, a cheap microphone
    for field in ("spectrum", "chroma", "bass", "mid", "treble"):
        assert snapshots[field].max() == 0, field


def test_steady_noise_is_learned_and_music_stands_out(kernel: Any) -> None:
    def brightness(seconds: float, seed: int) -> float:
        return float(kernel.feed(noise(seconds, 0.016, seed))["spectrum"].mean())  # -36 dB: a fan beside the node

    before = brightness(1, 1)
    brightness(12, 2)
    after = brightness(1, 3)
    assert before > 3 * after
    kernel.sine(440, 0.5, 0.1)
    assert kernel.last["spectrum"][24] > 60000


def test_the_floor_is_learned_again_when_the_noise_goes(kernel: Any) -> None:
    kernel.feed(noise(20, 0.016))
    kernel.silence(6)
    kernel.sine(440, 1.0, 0.0012)  # a tenth of what the noise had hidden
    assert kernel.last["spectrum"][24] > 55000


def test_a_held_note_is_not_learned_as_noise(kernel: Any) -> None:
    kernel.sine(440, 30.0, 0.25)
    assert kernel.last["spectrum"][24] > 60000


# ---- auto-range ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude", [0.5, 0.01])
def test_spectrum_is_auto_ranged(kernel: Any, amplitude: float) -> None:
    kernel.sine(440, 0.5, amplitude)
    assert kernel.last["spectrum"][24] > 60000
    assert max(*kernel.last["spectrum"][:20], *kernel.last["spectrum"][29:]) < 700


@pytest.mark.parametrize("recovery_ms", [1000, 4000])
def test_range_recovers_after_a_loud_passage(kernel: Any, recovery_ms: int) -> None:
    """A note 19 dB softer than the one before: the range's distance to it falls to 1/e in each recovery time."""
    kernel.start(recovery_ms=recovery_ms)
    kernel.sine(440, 1.0, 0.9)
    after = kernel.sine(440, 5 * recovery_ms / 1000, 0.1)["spectrum"][:, 24].astype(float)
    hop = round(2 * recovery_ms / 1000 * RATE / 128)
    assert after[hop] == pytest.approx(65535 * 0.1 / (0.1 + 0.8 * np.exp(-2)), rel=0.1)
    assert after[20] < 12000
    assert after[-1] > 58000


@pytest.mark.parametrize("range_db", [-60, -40])
def test_a_sound_below_the_range_is_not_stretched_to_full_brightness(kernel: Any, range_db: int) -> None:
    kernel.start(range_db=range_db)
    kernel.silence(10)
    kernel.sine(440, 0.5, 0.2 * 10 ** (range_db / 20))
    assert kernel.last["spectrum"][24] == pytest.approx(65535 / 5, rel=0.05)


# ---- attack and release -------------------------------------------------------------------------------------------


def test_without_attack_a_bin_rises_with_its_block(kernel: Any) -> None:
    kernel.silence(1)
    assert kernel.sine(kernel.frequencies[63], 0.05)["spectrum"][3, 63] > 60000


@pytest.mark.parametrize("attack_ms", [100, 400])
def test_attack(kernel: Any, attack_ms: int) -> None:
    kernel.start(attack_ms=attack_ms)
    kernel.silence(1)
    rise = kernel.sine(kernel.frequencies[60], 1.5, 0.3)["spectrum"][:, 60] / 65535
    reached = np.flatnonzero(rise >= 1 - np.exp(-1))[0] * 128 / RATE
    assert reached == pytest.approx(attack_ms / 1000, abs=0.02)


@pytest.mark.parametrize("release_ms", [0, 100, 800])
def test_release(kernel: Any, release_ms: int) -> None:
    kernel.start(release_ms=release_ms, recovery_ms=60000)
    kernel.sine(kernel.frequencies[60], 1.0, 0.3)
    fall = kernel.silence(2)["spectrum"][:, 60] / 65535
    fallen = np.flatnonzero(fall <= np.exp(-1))[0] * 128 / RATE
    assert fallen == pytest.approx(release_ms / 1000, abs=0.02)


@pytest.mark.parametrize("hop", [64, 128])
def test_time_constants_do_not_depend_on_the_hop(kernel: Any, hop: int) -> None:
    kernel.start(hop=hop, release_ms=200)
    kernel.sine(kernel.frequencies[60], 1.0, 0.3)
    fall = kernel.silence(0.4)["spectrum"][:, 60] / 65535
    assert fall[round(0.3 * RATE / hop)] == pytest.approx(np.exp(-1.5), rel=0.15)


# ---- silence ------------------------------------------------------------------------------------------------------


def test_silence_is_dark_and_exactly_zero(kernel: Any) -> None:
    kernel.sine(440, 1.0)
    kernel.silence(1.2)  # short enough to see the high-pass still decaying, did it not stop at -180 dB
    for field in ("spectrum", "chroma", "bass", "mid", "treble", "vu_peak", "vu_rms", "novelty"):
        assert np.all(kernel.last[field] == 0), field
    assert np.all(kernel.magnitudes == 0)  # and not tiny: subnormal numbers are slow


@pytest.mark.parametrize("hop", [64, 128])
def test_silence_is_flagged_after_more_than_a_second_of_it(kernel: Any, hop: int) -> None:
    kernel.start(hop=hop)
    assert not np.any(kernel.feed(tones(2, 440))["flags"] & SILENCE)
    flags = kernel.silence(3)["flags"] & SILENCE
    begins = np.flatnonzero(flags)[0] * hop / RATE
    assert 1.0 < begins < 2.0
    assert np.all(flags[round(begins * RATE / hop) :])
    ends = np.flatnonzero(kernel.feed(tones(1, 440))["flags"] & SILENCE == 0)[0] * hop / RATE
    assert ends < 0.1


@pytest.mark.parametrize("rms", [1e-4, 0.001, 0.005])
def test_noise_alone_is_silence_once_it_is_learned(kernel: Any, rms: float) -> None:
    kernel.feed(noise(20, rms))
    assert np.all(kernel.feed(noise(10, rms, 2))["flags"] & SILENCE)


def test_soft_music_in_the_noise_is_not_silence(kernel: Any) -> None:
    kernel.feed(noise(20, 0.003))
    music = noise(5, 0.003, 2) + tones(5, 440, 660, amplitude=0.01)
    assert not np.any(kernel.feed(music)["flags"][10:] & SILENCE)


# ---- chroma -------------------------------------------------------------------------------------------------------

CHORDS = {
    "C": ((261.63, 329.63, 392.0), {"C", "E", "G"}),
    "A minor over three octaves": ((220.0, 523.25, 1318.5), {"A", "C", "E"}),
    "F# diminished": ((370.0, 440.0, 523.25), {"F#", "A", "C"}),
}


@pytest.mark.parametrize(("hz", "names"), CHORDS.values(), ids=CHORDS.keys())
@pytest.mark.parametrize("lowest_chz", [11000, 6541, 13081])
def test_chroma_of_a_chord(kernel: Any, hz: tuple[float, ...], names: set[str], lowest_chz: int) -> None:
    """Whatever the lowest bin: the pitch classes are A's."""
    kernel.start(lowest_chz=lowest_chz)
    kernel.feed(tones(2, *hz))
    chroma = dict(zip(PITCHES, kernel.last["chroma"], strict=True))
    assert {name for name, value in chroma.items() if value > 50000} == names
    assert max(value for name, value in chroma.items() if name not in names) < 4000


def test_chroma_folds_all_octaves_of_a_note(kernel: Any) -> None:
    """Energies add: a note at three octaves is stronger by the root of three than another at one."""
    kernel.feed(tones(2, 220, 440, 880) + tones(2, 329.63))
    assert kernel.last["chroma"][7] / kernel.last["chroma"][0] == pytest.approx(1 / np.sqrt(3), rel=0.03)


# ---- bands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [12800, 16000, 32000])
@pytest.mark.parametrize(
    ("hz", "band"), [(40, "bass"), (110, "bass"), (600, "mid"), (1000, "mid"), (4500, "treble"), (6000, "treble")]
)
def test_bands_part_the_spectrum(kernel: Any, rate: int, hz: float, band: str) -> None:
    kernel.start(rate)
    reference = np.sin(2 * np.pi * np.outer([60, 700, 5000], np.arange(2 * rate) / rate)).sum(axis=0)
    kernel.feed(0.25 * reference)  # all three ranges at the same loudness
    kernel.sine(hz, 0.5, 0.25)
    loud = {name for name in ("bass", "mid", "treble") if kernel.last[name] > 40000}
    assert loud == {band}


def test_a_band_is_ranged_by_itself(kernel: Any) -> None:
    """Treble 30 dB below the bass still lights up."""
    kernel.feed(tones(3, 60, amplitude=0.5) + tones(3, 5000, amplitude=0.016))
    assert kernel.last["bass"] > 50000
    assert kernel.last["treble"] > 50000


def test_bass_answers_within_two_hops_where_its_bins_take_longer(kernel: Any) -> None:
    kernel.silence(1)
    kick = kernel.feed(tones(0.5, 110, amplitude=0.5))
    assert kick["bass"][1] > 30000
    assert kernel.delay_seconds[0] > 0.1
