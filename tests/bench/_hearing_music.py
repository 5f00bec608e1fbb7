"""Real music for the hearing bench: the tracks of Debian's free games, unpacked into build/cache, never committed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from _build_common import BUILD, build_lock
from trixie import PrivateApt

GAMES = ("frozen-bubble-data", "neverball-data", "extremetuxracer-data", "supertux-data")
MUSIC = BUILD / "cache" / "music"
SKIPPED_S, PIECE_S, SHORTEST_S = 5.0, 60.0, 20.0  # introductions are often free of a beat; jingles are no music
NOT_MUSIC = ("speech", "sounds", "sfx")  # folders of the games


@dataclass(frozen=True)
class Track:
    name: str
    rate: int
    samples: NDArray[np.float32]  # mono
    for_fitting: bool  # the tempo model was fitted to it: every other track


def fetch() -> Path:
    """The folder with the unpacked packages; TrixieError says why there is none."""
    with build_lock("music"):
        if not MUSIC.exists():
            PrivateApt(BUILD / "cache" / "music-apt").unpack(
                GAMES, MUSIC, ["./usr/share/doc", "*.png", "*.jpg", "*.sol"]
            )
    return MUSIC


def track_files(folder: Path) -> list[Path]:
    """Every piece of music once, in a fixed order."""
    found = {path.name: path for path in sorted(folder.rglob("*.ogg")) if not set(path.parts) & set(NOT_MUSIC)}
    return [found[name] for name in sorted(found)]


def tracks(files: list[Path]) -> Iterator[Track]:
    """Up to a minute of each file that is long enough to have a tempo."""
    for number, path in enumerate(files):
        with soundfile.SoundFile(path) as source:
            seconds = source.frames / source.samplerate
            if seconds < SHORTEST_S:
                continue
            if seconds > SKIPPED_S + PIECE_S:
                source.seek(round(SKIPPED_S * source.samplerate))
            samples = source.read(round(PIECE_S * source.samplerate), dtype="float32", always_2d=True)
            yield Track(path.stem, source.samplerate, samples.mean(axis=1), number % 2 == 0)


def resampled(samples: NDArray[Any], rate: int, wanted: int) -> NDArray[np.float32]:
    divisor = int(np.gcd(rate, wanted))
    result: NDArray[np.float32] = resample_poly(samples, wanted // divisor, rate // divisor).astype(np.float32)
    return result
