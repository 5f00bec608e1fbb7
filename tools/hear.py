#!/usr/bin/env python3
"""Shows what a node hears in a sound file: a picture, and the analysis running through the terminal.

examples:
  .venv/bin/python tools/hear.py song.wav           show song.wav's analysis in real time, then write song.png
  .venv/bin/python tools/hear.py song.wav --fast    the same as fast as it goes
  .venv/bin/python tools/hear.py song.wav --no-play --out /tmp/song.png

Ctrl-C ends the show and goes on to the picture. Beside ffmpeg: ffmpeg -i song.mp3 song.wav
"""

from __future__ import annotations

import argparse
import os
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
from _hear_picture import draw
from _hear_terminal import play
from numpy.typing import NDArray

from _build_common import BuildError
from host_kernels import Analysis

RATE, HOP = 16000, 128  # a node's
HOP_S = HOP / RATE
CROSSINGS = 24  # of the sinc on each side, which is what makes the resampling sharp
KAISER = 9.0  # -90 dB beside the pass band
PASS = 0.92  # of half the lower rate
SHORTEST_S, LONGEST_S = 0.1, 3600.0


class SoundError(Exception):
    """The file cannot be heard; the message is one sentence that says why."""


def main(arguments: list[str] | None = None) -> int:
    options = parsed(arguments)
    try:
        samples = resampled(*read_wav(options.file))
        analysis = Analysis()
        analysis.start(RATE, HOP)
        snapshots = analysis.process(samples)
    except (SoundError, BuildError) as error:
        print(f"hear: {error}", file=sys.stderr)
        return 1
    if not options.no_play:
        try:
            play(snapshots, HOP_S, sys.stdout, fast=options.fast)
        except KeyboardInterrupt:
            print()
        except BrokenPipeError:  # as in `hear.py song.wav | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the interpreter flushes to
            return 0
    picture = options.out or Path(options.file).with_suffix(".png").name
    try:
        draw(snapshots, analysis.frequencies, HOP_S, Path(options.file).name, Path(picture))
    except (OSError, ValueError) as error:
        print(f"hear: {picture} cannot be written: {error}", file=sys.stderr)
        return 1
    print(f"-> {picture}")
    return 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    what, examples = (__doc__ or "").split("\n", 1)
    parser = argparse.ArgumentParser(
        "hear.py", description=what, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "file", metavar="FILE.wav", help="PCM of 8, 16, 24 or 32 bits, any rate, any number of channels"
    )
    parser.add_argument("--out", metavar="FILE.png", help="where the picture goes; default: FILE.png in this folder")
    parser.add_argument("--no-play", action="store_true", help="only the picture")
    parser.add_argument("--fast", action="store_true", help="do not keep to real time")
    return parser.parse_args(arguments)


# ---- the sound ---------------------------------------------------------------------------------------------------


def read_wav(path: str) -> tuple[NDArray[np.float64], int]:
    """Mono samples in -1..1 and their rate."""
    try:
        with wave.open(path, "rb") as source:
            rate, width, channels, frames = (
                source.getframerate(), source.getsampwidth(), source.getnchannels(), source.getnframes(),
            )  # fmt: skip
            if not SHORTEST_S <= frames / rate <= LONGEST_S:
                raise SoundError(
                    f"{path} lasts {frames / rate:.2f} s; {SHORTEST_S} s to {LONGEST_S:.0f} s can be heard."
                )
            data = source.readframes(frames)
    except OSError as error:
        raise SoundError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise SoundError(f"{path} is not a WAV file of PCM samples: {str(error) or 'it ends too early'}.") from None
    whole = len(data) // (width * channels) * channels  # a file cut short may end within a frame
    return decoded(data, width)[:whole].reshape(-1, channels).mean(axis=1), rate


def decoded(data: bytes, width: int) -> NDArray[np.float64]:
    """width: bytes of a sample, 1..4; samples of one byte are unsigned."""
    raw = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
    padded = np.zeros((len(raw), 4), np.uint8)
    padded[:, 4 - width :] = raw ^ 128 if width == 1 else raw
    return padded.view("<i4")[:, 0] / 2.0**31


def resampled(samples: NDArray[np.float64], rate: int, wanted: int = RATE) -> NDArray[np.float64]:
    """By a Kaiser-windowed sinc, one set of weights for each place between two samples that occurs."""
    if rate == wanted:
        return samples
    divisor = int(np.gcd(rate, wanted))
    up, down = wanted // divisor, rate // divisor
    cut = PASS * min(1.0, wanted / rate)  # of half the input rate
    reach = int(np.ceil(CROSSINGS / cut))
    count = len(samples) * up // down
    padded = np.concatenate([np.zeros(reach), samples, np.zeros(reach + down + 1)])
    result = np.empty(count)
    at = np.arange(-reach + 1, reach + 1)
    for phase in range(min(up, count)):
        first, between = divmod(phase * down, up)
        distance = at - between / up
        window = np.kaiser(4096, KAISER)[np.clip((distance / reach + 1) / 2 * 4095, 0, 4095).astype(int)]
        weights = cut * np.sinc(cut * distance) * window
        blocks: NDArray[Any] = np.lib.stride_tricks.sliding_window_view(padded[first + 1 :], 2 * reach)[::down]
        part = result[phase::up]
        part[:] = blocks[: len(part)] @ (weights / weights.sum())
    return result


if __name__ == "__main__":
    sys.exit(main())
