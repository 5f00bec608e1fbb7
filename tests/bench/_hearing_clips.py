"""Generated music with known beats: ten styles, any tempo, different instruments, mixes and humans for each seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16000
SECONDS = 24.0
SLOWEST, FASTEST = 60.0, 170.0
Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    style: str
    seed: int
    bpm: float  # at the end, where the tempo changes
    beats: NDArray[np.float64]  # seconds
    samples: NDArray[np.float32]

    @property
    def name(self) -> str:
        return f"{self.style}-{self.bpm:.1f}-{self.seed}"


class Band:
    """A mix under way: instruments of one seed's timbre, played at moments that are a human's few milliseconds off."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.mix = np.zeros(round((SECONDS + 1) * RATE))
        draw = self.random.uniform
        self.human_s = draw(0, 0.006)
        self.kick_hz, self.kick_s = draw(45, 65), draw(0.08, 0.2)
        self.snare_hz, self.snare_s = draw(160, 240), draw(0.06, 0.15)
        self.hat_s, self.hat_level = draw(0.015, 0.05), draw(0.08, 0.3)
        self.key = 110 * 2 ** (self.random.integers(0, 12) / 12)
        self.attack_s = draw(0.005, 0.035)
        self.partials = np.arange(1, 9) ** -draw(0.8, 2.0)

    def play(self, at: float, sound: Sound, level: float) -> None:
        at += self.random.normal(0, self.human_s)
        first = max(0, round(at * RATE))
        part = sound[: max(0, len(self.mix) - first)]
        self.mix[first : first + len(part)] += level * self.random.uniform(0.8, 1.0) * part

    def kick(self, at: float, level: float = 0.9) -> None:
        t = _time(4 * self.kick_s)
        sweep = self.kick_hz * (t + 2.0 * 0.03 * (1 - np.exp(-t / 0.03)))
        self.play(at, np.sin(2 * np.pi * sweep) * np.exp(-t / self.kick_s), level)

    def snare(self, at: float, level: float = 0.6) -> None:
        t = _time(5 * self.snare_s)
        noise = np.diff(self.random.normal(0, 0.4, len(t) + 1))
        self.play(at, (noise + np.sin(2 * np.pi * self.snare_hz * t)) * np.exp(-t / self.snare_s), level)

    def hat(self, at: float, accent: float = 1.0) -> None:
        t = _time(5 * self.hat_s)
        noise = np.diff(self.random.normal(0, 0.5, len(t) + 2), 2)
        self.play(at, noise * np.exp(-t / self.hat_s), self.hat_level * accent)

    def notes(self, at: float, seconds: float, semitones: tuple[int, ...], level: float) -> None:
        t = _time(seconds + 0.1)
        shape = np.minimum(1, t / self.attack_s) * np.exp(-t / 1.5) * np.clip((seconds + 0.1 - t) / 0.1, 0, 1)
        tones = np.zeros(len(t))
        for semitone in semitones:
            hz = self.key * 2 ** (semitone / 12)
            for number, partial in enumerate(self.partials, 1):
                if hz * number < 7000:
                    tones += partial * np.sin(2 * np.pi * hz * number * t + number)
        self.play(at, tones * shape, level / len(semitones))

    def bass(self, at: float, seconds: float, semitone: int) -> None:
        self.notes(at, seconds, (semitone - 12,), 0.35)


def _time(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE)) / RATE


CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


# ---- styles: what happens in the beat that begins at `at` and lasts `beat` seconds --------------------------------


def rock(band: Band, k: int, at: float, beat: float) -> None:
    (band.snare if k % 2 else band.kick)(at)
    band.hat(at)
    band.hat(at + beat / 2, 0.7)
    if k % 4 == 2:
        band.kick(at + beat / 2, 0.7)


def four_on_the_floor(band: Band, k: int, at: float, beat: float) -> None:
    band.kick(at)
    band.hat(at + beat / 2, 1.5)
    if k % 2:
        band.snare(at, 0.4)
    band.bass(at + beat / 2, beat / 2, CHORDS[k // 8 % 4][0])


def half_time(band: Band, k: int, at: float, beat: float) -> None:
    """The backbeat comes once in four beats."""
    if k % 4 == 2:
        band.snare(at)
    elif k % 4 == 0 or k % 8 == 3:
        band.kick(at)
    band.hat(at)
    band.hat(at + beat / 2, 0.5)
    band.bass(at, beat, CHORDS[k // 8 % 4][0])


def swing(band: Band, k: int, at: float, beat: float) -> None:
    """Walking bass, ride cymbal in triplets."""
    band.hat(at, 1.2)
    if k % 2:
        band.hat(at + beat * 2 / 3, 0.8)
        band.snare(at, 0.2)
    else:
        band.kick(at, 0.5)
    band.bass(at, 0.8 * beat, (0, 4, 7, 9, 10, 9, 7, 4)[k % 8])


def noisy(band: Band, k: int, at: float, beat: float) -> None:
    """Rock beside something that roars."""
    rock(band, k, at, beat)
    if k == 0:
        band.mix += band.random.normal(0, 0.08, len(band.mix))


def metronome(band: Band, k: int, at: float, beat: float) -> None:
    """Nothing else, no accents."""
    t = _time(0.04)
    band.play(at, np.sin(2 * np.pi * 8 * band.key * t) * np.exp(-t / 0.008), 0.6)


def chords(band: Band, k: int, at: float, beat: float) -> None:
    """No drums: a chord on each beat, another one every four."""
    band.notes(at, 0.9 * beat, CHORDS[k // 4 % 4], 0.5)
    if k % 2 == 0:
        band.bass(at, 1.8 * beat, CHORDS[k // 4 % 4][0])


def arpeggio(band: Band, k: int, at: float, beat: float) -> None:
    """No drums: a bass note on each beat, a melody in half beats."""
    chord = CHORDS[k // 4 % 4]
    band.bass(at, 0.9 * beat, chord[0])
    band.notes(at, 0.5 * beat, (chord[k % 3] + 12,), 0.3)
    band.notes(at + beat / 2, 0.5 * beat, (chord[(k + 1) % 3] + 12,), 0.22)


def syncopated(band: Band, k: int, at: float, beat: float) -> None:
    """Kicks before and after the beat, sixteenths on the hat, the backbeat where it belongs."""
    if k % 4 == 0:
        band.kick(at)
    if k % 4 in (1, 2):
        band.kick(at + beat / 2, 0.8)
    if k % 2:
        band.snare(at)
    for quarter, accent in enumerate((1.0, 0.4, 0.7, 0.4)):
        band.hat(at + quarter * beat / 4, accent)


Style = Callable[[Band, int, float, float], None]
ALL = (rock, four_on_the_floor, half_time, swing, noisy, syncopated, metronome, chords, arpeggio)
STYLES: dict[str, Style] = {style.__name__: style for style in ALL}
TREMOLO = ("chords",)  # 4 to 7 times a second, out of time with the beat
RAMPS = ("ramp",)  # rock that becomes 12 % faster or slower


def clip(style: str, bpm: float, seed: int) -> Clip:
    """bpm: at the beginning."""
    band = Band(seed)
    change = band.random.choice((0.88, 1.12)) if style in RAMPS else 1.0
    play = rock if style in RAMPS else STYLES[style]
    beats, at = [], band.random.uniform(0.1, 0.8)
    beat = 60 / bpm
    while at < SECONDS:
        beat = 60 / (bpm * (1 + (change - 1) * at / SECONDS))
        play(band, len(beats), at, beat)
        beats.append(at)
        at += beat
    sound = band.mix[: round(SECONDS * RATE)]
    if style in TREMOLO:
        sound *= 1 - band.random.uniform(0.1, 0.3) * (
            1 + np.sin(2 * np.pi * band.random.uniform(4, 7) * _time(SECONDS))
        )
    sound += band.random.normal(0, 10 ** (band.random.uniform(-75, -50) / 20), len(sound))
    sound *= 10 ** (band.random.uniform(-24, -6) / 20) / np.abs(sound).max()
    return Clip(style, seed, 60 / beat, np.array(beats), sound.astype(np.float32))


def clips(per_style: int, first_seed: int) -> Iterator[Clip]:
    """Tempos spread over the range, each style with its own; no two seeds alike."""
    for number, style in enumerate([*STYLES, *RAMPS]):
        for i in range(per_style):
            seed = first_seed + 100 * number + i
            place = (i + np.random.default_rng(seed).uniform()) / per_style
            yield clip(style, SLOWEST * (FASTEST / SLOWEST) ** place, seed)
