"""The music the SIM hears when no file is given: eight seconds at 120 BPM, made here so that its beats are known.

Four bars of A minor, F, C, G: kick on every beat, hat between, bass on the eighths, a chord pad under it. It
loops without a seam: every sound begins at zero and ends before the loop does. Only additions of fixed sines
and an integer noise generator: the same bytes every time.
"""

import math
import os
import sys
from array import array
from pathlib import Path

from .audio import mono_header

BPM = 120.0
RATE = 16_000
BEATS = 16
BEAT_SECONDS = 60.0 / BPM
LOOP_SECONDS = BEATS * BEAT_SECONDS

_BEAT = int(RATE * BEAT_SECONDS)
_BEATS_PER_BAR = 4
_BAR = _BEAT * _BEATS_PER_BAR
# MIDI notes: bass, then the pad's three.
_CHORDS = [(45, 57, 60, 64), (41, 57, 60, 65), (48, 55, 60, 64), (43, 55, 59, 62)]
_HEADROOM = 0.9


def beat_times(seconds: float = LOOP_SECONDS) -> list[float]:
    """Seconds at which a beat's kick begins while the loop plays over and over for `seconds`."""
    return [beat * BEAT_SECONDS for beat in range(math.ceil(seconds / BEAT_SECONDS))]


def write_default_loop(path: Path) -> None:
    """A mono PCM16 WAV at 16 kHz. `path` appears whole or not at all."""
    mix = _mix()
    scale = _HEADROOM * 32767 / max(map(abs, mix))
    samples = array("h", [round(value * scale) for value in mix])
    if sys.byteorder == "big":
        samples.byteswap()
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(mono_header(RATE, 16, len(samples)) + samples.tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _mix() -> list[float]:
    mix = [0.0] * (BEATS * _BEAT)
    kick, hat = _kick(), _hat()
    for beat in range(BEATS):
        _add(mix, beat * _BEAT, kick)
        _add(mix, beat * _BEAT + _BEAT // 2, hat)
    for bar, (bass, *pad) in enumerate(_CHORDS):
        _add(mix, bar * _BAR, _pad(pad))
        note = _bass(bass)
        for eighth in range(1, 2 * _BEATS_PER_BAR):  # the first is the kick's alone
            _add(mix, bar * _BAR + eighth * _BEAT // 2, note)
    return mix


def _add(mix: list[float], start: int, sound: list[float]) -> None:
    end = start + len(sound)
    mix[start:end] = map(float.__add__, mix[start:end], sound)


def _hertz(note: int) -> float:
    return 440.0 * 2.0 ** ((note - 69) / 12)


def _fade(i: int, length: int, attack: int = 80) -> float:
    """Linear up over `attack` samples, then a parabola down to zero: no click at either end."""
    if i < attack:
        return i / attack
    return ((length - i) / (length - attack)) ** 2


def _kick() -> list[float]:
    """A sine that falls from 150 to 50 Hz: the phase is the integral of the frequency."""
    length = int(0.22 * RATE)
    sound = []
    for i in range(length):
        t = i / RATE
        phase = 50 * t + 100 * 0.03 * (1 - math.exp(-t / 0.03))
        sound.append(0.9 * math.sin(2 * math.pi * phase) * _fade(i, length, 16))
    return sound


def _hat() -> list[float]:
    """Noise, differentiated so that it leaves the lower bins alone."""
    length = int(0.05 * RATE)
    state, before, sound = 1, 0.0, []
    for i in range(length):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        value = state / 0x80000000 - 1.0
        sound.append(0.12 * (value - before) * _fade(i, length, 8))
        before = value
    return sound


def _bass(note: int) -> list[float]:
    length = _BEAT // 2
    step = 2 * math.pi * _hertz(note) / RATE
    return [(0.30 * math.sin(step * i) + 0.12 * math.sin(2 * step * i)) * _fade(i, length) for i in range(length)]


def _pad(notes: list[int]) -> list[float]:
    """A bar of three soft tones with their octaves, swelling to the middle of the bar."""
    steps = [2 * math.pi * _hertz(note) / RATE for note in notes]
    sound = []
    for i in range(_BAR):
        tone = sum([math.sin(step * i) + 0.4 * math.sin(2 * step * i) for step in steps])
        sound.append(0.08 * math.sin(math.pi * i / _BAR) * tone)
    return sound
