"""WAV files into the SIM's microphone: every format it takes, every file it refuses, and the generated loop."""

import math
import struct
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from lightwave_sim import loop
from lightwave_sim.audio import WavError, WavInfo, prepare_wav

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(code: int = PCM, channels: int = 1, rate: int = 16000, bits: int = 16, stored: int | None = None) -> bytes:
    frame = channels * (stored or bits) // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits))


def extensible(code: int, channels: int, bits: int, valid: int, tail: bytes = GUID_TAIL) -> bytes:
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", EXTENSIBLE, channels, 48000, 48000 * frame, frame, bits)
    return chunk(b"fmt ", head + struct.pack("<HHIH", 22, valid, 0, code) + tail)


Convert = Callable[[bytes], tuple[WavInfo, list[int]]]


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """The file's bytes -> what prepare_wav says, and the samples it wrote."""

    def run(content: bytes) -> tuple[WavInfo, list[int]]:
        source, target = tmp_path / "in.wav", tmp_path / "out.wav"
        source.write_bytes(content)
        info = prepare_wav(source, target)
        with wave.open(str(target)) as out:
            assert (out.getnchannels(), out.getframerate()) == (1, info.rate)
            assert (out.getsampwidth() * 8, out.getnframes()) == (info.target_bits, info.frames)
            samples = array("h" if info.target_bits == 16 else "i", out.readframes(info.frames))
        assert target.stat().st_size == 44 + info.frames * info.target_bits // 8
        return info, samples.tolist()

    return run


@pytest.mark.parametrize("header,data,target_bits,expected", [
    (fmt(bits=8), bytes([0, 128, 255, 129]), 16, [-32768, 0, 32512, 256]),
    (fmt(bits=16), struct.pack("<3h", -32768, 0, 32767), 16, [-32768, 0, 32767]),
    (fmt(bits=24), bytes.fromhex("000080 ffff7f 010000"), 32, [-(2**31), 0x7FFFFF00, 0x100]),
    (fmt(bits=32), struct.pack("<3i", -(2**31), 5, 2**31 - 1), 32, [-(2**31), 5, 2**31 - 1]),
    (fmt(FLOAT, bits=32), struct.pack("<4f", -1, 0, 0.5, 1), 32, [-(2**31), 0, 2**30, 2**31 - 1]),
    (fmt(FLOAT, bits=64), struct.pack("<2d", -0.25, 2**-31), 32, [-(2**29), 1]),
    (extensible(PCM, 1, 32, 24), struct.pack("<i", 0x12345600), 32, [0x12345600]),
    (extensible(FLOAT, 1, 32, 32), struct.pack("<f", 0.25), 32, [2**29]),
    (fmt(bits=12, stored=16), struct.pack("<h", 0x7FF0), 16, [0x7FF0]),
], ids=["u8", "s16", "s24", "s32", "f32", "f64", "ext24in32", "extf32", "12in16"])  # fmt: skip
def test_formats(convert: Convert, header: bytes, data: bytes, target_bits: int, expected: list[int]) -> None:
    info, samples = convert(riff(header, chunk(b"data", data)))
    assert info.target_bits == target_bits
    assert samples == expected


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 32])
def test_channels_are_averaged(convert: Convert, channels: int) -> None:
    frames = [[100 * frame + 10 * channel for channel in range(channels)] for frame in range(3)]
    flat = [value for frame in frames for value in frame]
    info, samples = convert(riff(fmt(channels=channels), chunk(b"data", struct.pack(f"<{len(flat)}h", *flat))))
    assert (info.channels, info.frames) == (channels, 3)
    assert samples == [sum(frame) // channels for frame in frames]


def test_full_scale_in_every_channel_does_not_overflow(convert: Convert) -> None:
    data = struct.pack("<4i", -(2**31), -(2**31), 2**31 - 1, 2**31 - 1)
    assert convert(riff(fmt(channels=2, bits=32), chunk(b"data", data)))[1] == [-(2**31), 2**31 - 1]


def test_floats_beyond_full_scale_clip_and_what_is_no_number_is_silence(convert: Convert) -> None:
    data = struct.pack("<6f", 3, -3, math.inf, -math.inf, math.nan, -math.nan)
    low, high = -(2**31), 2**31 - 1
    assert convert(riff(fmt(FLOAT, bits=32), chunk(b"data", data)))[1] == [high, low, high, low, 0, 0]


def test_float_channels_may_exceed_full_scale_if_their_mean_does_not(convert: Convert) -> None:
    data = struct.pack("<2f", 1.5, -0.5)
    assert convert(riff(fmt(FLOAT, channels=2, bits=32), chunk(b"data", data)))[1] == [2**30]


@pytest.mark.parametrize("rate", [1000, 44100, 384_000])
def test_rate_is_kept(convert: Convert, rate: int) -> None:
    info, _ = convert(riff(fmt(rate=rate), chunk(b"data", bytes(2 * rate))))
    assert (info.rate, info.seconds) == (rate, 1.0)


def test_other_chunks_are_skipped_with_their_padding(convert: Convert) -> None:
    listed = chunk(b"LIST", b"odd")
    info, samples = convert(riff(listed, fmt(), listed, chunk(b"data", b"\1\0"), listed))
    assert samples == [1]


def test_a_frame_cut_short_at_the_end_is_dropped(convert: Convert) -> None:
    assert convert(riff(fmt(channels=2), chunk(b"data", bytes(7))))[0].frames == 1


def test_more_than_one_block(convert: Convert) -> None:
    values = [(i * 7919) % 65536 - 32768 for i in range(2 * 150_000)]
    info, samples = convert(riff(fmt(channels=2), chunk(b"data", struct.pack(f"<{len(values)}h", *values))))
    assert samples == [(a + b) >> 1 for a, b in zip(values[::2], values[1::2], strict=True)]


DATA = chunk(b"data", bytes(8))
TRUNCATED = riff(fmt(), chunk(b"data", bytes(1000)))[:-400]


@pytest.mark.parametrize("content,message", [
    (b"", "header: not a RIFF WAVE file"),
    (b"\x7fELF" + bytes(60), r"header: not a RIFF WAVE file \(starts with b'\\x7fELF"),
    (b"RIFX" + riff(fmt(), DATA)[4:], "header: not a RIFF WAVE file"),
    (riff(fmt()), "data chunk: missing"),
    (riff(DATA, fmt()), "fmt chunk: missing in front of the data chunk"),
    (riff(fmt(), DATA)[:40], "chunk header: 4 of 8 bytes"),
    (TRUNCATED, "data chunk: 1000 bytes promised, 600 found"),
    (riff(fmt(), chunk(b"LIST", bytes(100)))[:-50], "LIST chunk: 100 bytes promised, 50 found"),
    (riff(chunk(b"fmt ", bytes(14)), DATA), "fmt chunk: 14 bytes, needs at least 16"),
    (riff(fmt(code=2), DATA), r"format code: 2 \(ADPCM\) is not supported, needs 1 \(PCM\) or 3 \(float\)"),
    (riff(fmt(code=0x1234), DATA), "format code: 4660 is not supported"),
    (riff(fmt(code=EXTENSIBLE), DATA), "fmt chunk: 16 bytes, an extensible format needs 40"),
    (riff(extensible(PCM, 1, 16, 16, bytes(14)), DATA), "format code: unknown sub-format 0100"),
    (riff(extensible(6, 1, 8, 8), DATA), r"format code: 6 \(A-law\)"),
    (riff(fmt(channels=0), DATA), r"channels: 0 is not in 1\.\.32"),
    (riff(fmt(channels=33), DATA), r"channels: 33 is not in 1\.\.32"),
    (riff(fmt(rate=999), DATA), r"sample rate: 999 Hz is not in 1000\.\.384000"),
    (riff(fmt(rate=2**32 - 1), DATA), "sample rate: 4294967295 Hz"),
    (riff(fmt(bits=0, stored=16), DATA), "bits per sample: 0 in frames of 2 bytes"),
    (riff(fmt(bits=40), DATA), "bits per sample: 40 .* needs one of 8, 16, 24, 32"),
    (riff(fmt(FLOAT, bits=16), DATA), "bits per sample: 16 .* needs one of 32, 64"),
    (riff(fmt(bits=24, stored=16), DATA), "bits per sample: 24 in frames of 2 bytes"),
    (riff(fmt(), chunk(b"data", b"")), "data chunk: 0 bytes, needs at least one frame of 2"),
    (riff(fmt(channels=2), chunk(b"data", b"abc")), "data chunk: 3 bytes, needs at least one frame of 4"),
])  # fmt: skip
def test_refused_files_name_field_and_limit(tmp_path: Path, content: bytes, message: str) -> None:
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    source.write_bytes(content)
    with pytest.raises(WavError, match=f"^{message}"):
        prepare_wav(source, target)
    assert list(tmp_path.iterdir()) == [source], "no half file is left"


def test_refused_file_leaves_an_earlier_target_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    target.write_bytes(b"earlier")
    source.write_bytes(TRUNCATED)
    with pytest.raises(WavError):
        prepare_wav(source, target)
    assert target.read_bytes() == b"earlier"


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        prepare_wav(tmp_path / "none.wav", tmp_path / "out.wav")


@pytest.fixture(scope="module")
def loop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loop") / "loop.wav"
    loop.write_default_loop(path)
    return path


@pytest.fixture(scope="module")
def loop_samples(loop_file: Path) -> "array[int]":
    with wave.open(str(loop_file)) as file:
        assert file.getparams()[:4] == (1, 2, 16000, 128_000)
        return array("h", file.readframes(128_000))


def test_loop_is_the_same_bytes_every_time(loop_file: Path, tmp_path: Path) -> None:
    loop.write_default_loop(tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == loop_file.read_bytes()
    assert len(list(tmp_path.iterdir())) == 1


def test_loop_is_its_own_prepared_form(loop_file: Path, tmp_path: Path) -> None:
    prepare_wav(loop_file, tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == loop_file.read_bytes()


def test_loop_uses_its_range_without_clipping_or_dc(loop_samples: "array[int]") -> None:
    assert max(map(abs, loop_samples)) == round(0.9 * 32767)
    assert abs(sum(loop_samples) / len(loop_samples)) < 50


def test_loop_has_no_seam(loop_samples: "array[int]") -> None:
    assert abs(loop_samples[0] - loop_samples[-1]) < 50


def test_beat_times_are_on_the_tempo() -> None:
    assert loop.BPM == 120.0
    assert loop.beat_times() == [beat * 0.5 for beat in range(16)]
    assert loop.beat_times(1.2) == [0.0, 0.5, 1.0]
    assert loop.LOOP_SECONDS == 8.0


def test_low_notes_rise_at_every_beat(loop_samples: "array[int]") -> None:
    """The energy just after each beat time is several times that just before it."""
    for beat in loop.beat_times():
        at = int(beat * 16000)
        before = [loop_samples[i] for i in range(at - 320, at)]  # negative indices: the end of the loop
        after = loop_samples[at : at + 320]
        assert sum(v * v for v in after) > 3 * sum(v * v for v in before)
