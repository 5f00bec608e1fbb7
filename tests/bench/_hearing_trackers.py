"""The two trackers that the hearing bench compares with, each as it comes: librosa (offline) and aubio (causal)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aubio
import librosa
import numpy as np
from numpy.typing import NDArray

from _build_common import BUILD

from ._hearing_music import Track, resampled

LIBROSA_RATE, AUBIO_RATE = 22050, 44100
AUBIO_WINDOW, AUBIO_HOP = 1024, 512
WITHIN = 0.04
OCTAVES = (1.0, 2.0, 0.5)
FOUND = BUILD / "cache" / "tracker-tempos.json"


def librosa_bpm(samples: NDArray[Any], rate: int) -> float:
    """0 where it finds no beat."""
    tempo, _ = librosa.beat.beat_track(y=resampled(samples, rate, LIBROSA_RATE), sr=LIBROSA_RATE)
    return float(np.atleast_1d(tempo)[0])


def aubio_bpm(samples: NDArray[Any], rate: int) -> float:
    """From the median distance of its beats; 0 where it finds fewer than three."""
    tracker = aubio.tempo("default", AUBIO_WINDOW, AUBIO_HOP, AUBIO_RATE)
    sound = resampled(samples, rate, AUBIO_RATE)
    beats = []
    for start in range(0, len(sound) - AUBIO_HOP + 1, AUBIO_HOP):
        if tracker(sound[start : start + AUBIO_HOP])[0]:
            beats.append(tracker.get_last_s())
    return 60.0 / float(np.median(np.diff(beats))) if len(beats) >= 3 else 0.0


def same(bpm: float, reference: float, octaves: tuple[float, ...] = (1.0,)) -> bool:
    return any(abs(bpm - reference * octave) <= WITHIN * reference * octave for octave in octaves)


def same_but_for_octave(bpm: float, reference: float) -> bool:
    return same(bpm, reference, OCTAVES)


@dataclass(frozen=True)
class Opinion:
    """What the two trackers say of a piece."""

    librosa: float
    aubio: float

    @property
    def agreed(self) -> float | None:
        """Their geometric mean, librosa's in the octave of aubio's; None where they do not agree in any octave."""
        if not same_but_for_octave(self.librosa, self.aubio):
            return None
        nearest = min((self.librosa * octave for octave in OCTAVES), key=lambda bpm: abs(np.log(bpm / self.aubio)))
        return float(np.sqrt(nearest * self.aubio))

    @property
    def strict(self) -> bool:
        """They agree on the octave, too."""
        return same(self.librosa, self.aubio)


def opinion(track: Track) -> Opinion:
    """Kept below build/cache: librosa takes a second for a minute of music."""
    key = f"{track.name} {len(track.samples)} {librosa.__version__} {aubio.version}"
    known = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    if key not in known:
        known[key] = [librosa_bpm(track.samples, track.rate), aubio_bpm(track.samples, track.rate)]
        _write(FOUND, known)
    return Opinion(*known[key])


def _write(path: Path, known: dict[str, Any]) -> None:
    growing = path.with_suffix(".new")
    growing.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    growing.replace(path)
