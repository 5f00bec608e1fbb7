"""tools/hear.py: reads what a WAV file may be, resamples it cleanly, draws a picture, writes a line per beat."""

import io
import wave
from pathlib import Path

import _hear_picture
import _hear_terminal
import hear
import numpy as np
import pytest
from numpy.typing import NDArray

from host_kernels import SNAPSHOT, Analysis


def write_wav(path: Path, samples: NDArray[np.float64], rate: int = 16000, width: int = 2) -> Path:
    """samples: [frame] or [frame, channel], in -1..1."""
    whole = np.round(samples * (2.0 ** (8 * width - 1) - 1)).astype("<i4")
    raw = whole.reshape(-1, 1).view(np.uint8)[:, :width]
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes((raw ^ 128 if width == 1 else raw).tobytes())
    return path


def sine(hz: float, rate: int, seconds: float = 1.0) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def ticking(bpm: float, seconds: float) -> NDArray[np.float64]:
    since_beat = np.arange(round(seconds * 16000)) / 16000 % (60 / bpm)
    return 0.6 * np.exp(-since_beat / 0.01) * np.sin(2 * np.pi * 900 * since_beat)


# ---- the sound ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_sample_width_is_the_same_sound(tmp_path: Path, width: int) -> None:
    sound = sine(440, 16000)
    samples, rate = hear.read_wav(str(write_wav(tmp_path / "a.wav", sound, width=width)))
    assert rate == 16000
    assert np.abs(samples - sound).max() < 2.0 ** (2 - 8 * width)


def test_channels_are_mixed(tmp_path: Path) -> None:
    stereo = np.stack([sine(440, 8000), -0.5 * sine(440, 8000)], axis=1)
    samples, _ = hear.read_wav(str(write_wav(tmp_path / "a.wav", stereo, rate=8000)))
    assert samples == pytest.approx(stereo.mean(axis=1), abs=1e-4)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_resampling_keeps_a_tone(rate: int) -> None:
    tone = hear.resampled(sine(1234.5, rate), rate)
    assert len(tone) == 16000
    inside = slice(800, -800)
    assert np.abs(tone - sine(1234.5, 16000))[inside].max() < 0.5 * 10 ** (-60 / 20)


@pytest.mark.parametrize("hz", [9000, 12000, 15500, 20000])
def test_resampling_lets_no_alias_through(hz: float) -> None:
    assert np.abs(hear.resampled(sine(hz, 44100), 44100))[800:-800].max() < 0.5 * 10 ** (-70 / 20)


def test_of_a_file_cut_short_the_whole_frames_are_heard(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.stack([sine(440, 16000)] * 2, axis=1), width=3)
    path.write_bytes(path.read_bytes()[:-5])
    samples, _ = hear.read_wav(str(path))
    assert len(samples) == 15999


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is not a WAV file of PCM samples: it ends too early"),
        (b"ID3" + bytes(100), "is not a WAV file of PCM samples: file does not start with RIFF id"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\3\0\1\0\x80\x3e\0\0\0\xfa\0\0\4\0\x20\0data\0\0\0\0", "unknown format: 3"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\0\0\0\0", "lasts 0.00 s"),
    ],
)
def test_what_cannot_be_heard_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    assert hear.main([str(path), "--out", str(tmp_path / "a.png")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"hear: {path} ")
    assert complaint in error
    assert not (tmp_path / "a.png").exists()


# ---- the terminal ------------------------------------------------------------------------------------------------


def snapshots_of(sound: NDArray[np.float64]) -> NDArray[np.void]:
    analysis = Analysis()
    analysis.start()
    return analysis.process(sound)


def test_a_line_stays_for_every_beat() -> None:
    snapshots = snapshots_of(ticking(120, 12))
    out = io.StringIO()
    _hear_terminal.play(snapshots, hear.HOP_S, out, fast=True)
    lines = out.getvalue().splitlines()
    beats = [line for line in lines if "●" in line]
    assert len(beats) == pytest.approx(int(snapshots["beat"][-1]), abs=2)
    assert all(" 120.0 BPM " in line for line in beats[-8:])
    assert all(line.endswith("|") and len(line) == len(lines[0]) for line in lines)


def test_without_a_beat_lines_come_by_the_clock() -> None:
    out = io.StringIO()
    _hear_terminal.play(snapshots_of(np.zeros(16000 * 6)), hear.HOP_S, out, fast=True)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert all("--- BPM" in line and "silence" in line for line in lines)


def test_the_bar_shows_each_bin_at_its_loudest() -> None:
    bins = np.zeros(64, np.uint16)
    bins[[0, 24, 63]] = 65535, 16384, 1024
    bar = _hear_terminal.line(1.0, np.zeros(1, SNAPSHOT)[0], bins).split("|")[1]
    assert bar == "█" + " " * 23 + "▄" + " " * 38 + "▁"


# ---- the picture -------------------------------------------------------------------------------------------------


def test_beats_in_the_picture_are_where_the_sound_has_them() -> None:
    marked = _hear_picture.beat_times(snapshots_of(ticking(100, 16)), hear.HOP_S)
    settled = marked[marked > 8]
    away = (settled + 0.3) % 0.6 - 0.3
    assert len(settled) in (13, 14)
    assert np.abs(away).max() < 0.02


@pytest.mark.parametrize("sound", [ticking(120, 8), np.zeros(4000)], ids=["music", "a quarter of a second of nothing"])
def test_the_whole_tool_writes_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sound: NDArray[np.float64]
) -> None:
    picture = tmp_path / "seen.png"
    assert hear.main([str(write_wav(tmp_path / "a.wav", sound)), "--no-play", "--out", str(picture)]) == 0
    assert capsys.readouterr().out == f"-> {picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wav = write_wav(tmp_path / "a.wav", ticking(120, 2))
    assert hear.main([str(wav), "--no-play", "--out", str(tmp_path / "none" / "a.png")]) == 1
    assert "a.png cannot be written" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        hear.main(["--help"])
    assert ended.value.code == 0
    assert "--no-play --out" in capsys.readouterr().out
