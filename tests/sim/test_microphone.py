"""I2S: blocks arrive in real time, the handler is scheduled, the sound is the file's."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

import pytest

from tests.sim.conftest import RunScript

OPEN = """
    import array, math, machine, time, _sim
    def open_mic(ibuf=16384, bits=32, rate=16000):
        return machine.I2S(0, sck=machine.Pin(14), ws=machine.Pin(13), sd=machine.Pin(12), mode=machine.I2S.RX,
                           bits=bits, format=machine.I2S.MONO, rate=rate, ibuf=ibuf)
"""


def write_tone(path: Path, rate: int, hz: float, seconds: float = 1.0, amplitude: float = 0.5) -> Path:
    """A whole number of periods, so that the loop has no seam."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (amplitude * math.sin(2 * math.pi * hz * i / rate) for i in range(int(rate * seconds)))
        file.writeframes(b"".join(struct.pack("<h", round(32767 * sample)) for sample in samples))
    return path


def test_blocking_reads_arrive_in_real_time(run_script: RunScript) -> None:
    node = run_script(
        OPEN
        + """
    mic = open_mic()
    block = bytearray(1024)
    mic.readinto(block)
    start = time.ticks_us()
    for _ in range(20):
        mic.readinto(block)
    print("took", time.ticks_diff(time.ticks_us(), start), sum(block))
    """
    )
    took, silence = (int(text) for text in node.wait_for(r"took (\d+) (\d+)").groups())
    assert took == pytest.approx(20 * 16_000, abs=8000)
    assert silence == 0


def test_irq_mode_schedules_the_handler(run_script: RunScript) -> None:
    node = run_script(
        OPEN
        + """
    mic = open_mic()
    block = bytearray(1024)
    times = []
    def full(i2s):
        times.append(time.ticks_us())
        if len(times) < 10:
            i2s.readinto(block)
    mic.irq(full)
    start = time.ticks_us()
    mic.readinto(block)
    print("at once", time.ticks_diff(time.ticks_us(), start) < 5000)
    while len(times) < 10:
        time.sleep_ms(1000)  # a callback ends the sleep's wait, not the sleep
    print("span", time.ticks_diff(times[-1], times[0]))
    mic.deinit()
    """
    )
    node.wait_for("at once True")
    assert int(node.wait_for(r"span (\d+)")[1]) == pytest.approx(9 * 16_000, abs=8000)
    node.check()


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_tone_survives_resampling(run_script: RunScript, tmp_path: Path, rate: int) -> None:
    tone = write_tone(tmp_path / "tone.wav", rate, 1000)
    node = run_script(
        OPEN
        + """
    mic = open_mic()
    block = bytearray(1600 * 4)
    mic.readinto(block)
    samples = array.array("i", block)
    def level(hz):
        re = im = 0.0
        for i in range(1600):
            x = samples[i] / 2147483648
            re += x * math.cos(2 * math.pi * hz * i / 16000)
            im += x * math.sin(2 * math.pi * hz * i / 16000)
        return math.sqrt(re * re + im * im) / 800
    print("levels", level(1000), level(3000), level(500), "low bits", samples[7] & 255)
    """,
        audio=tone,
    )
    at_tone, harmonic, other, low = (
        float(text) for text in node.wait_for(r"levels (\S+) (\S+) (\S+) low bits (\d+)", 10).groups()
    )
    assert at_tone == pytest.approx(0.5, rel=0.01)
    assert harmonic < 0.001 and other < 0.001
    assert low == 0  # 24 bits, left-justified


def test_nodes_hear_the_same_sound_in_phase(run_script: RunScript, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 16_000, 10)
    script = (
        OPEN
        + """
    mic = open_mic(bits=16)
    block = bytearray(512)
    for _ in range(9):
        mic.readinto(block)
        print("heard", _sim.host_ns(), array.array("h", block)[255])
    """
    )
    for skew in (0.0, 40.0):
        node = run_script(script, audio=tone, skew_ppm=skew)
        off = []
        for _ in range(9):
            when, sample = (int(text) for text in node.wait_for(r"heard (\d+) (-?\d+)").groups())
            expected = 16384 * math.sin(2 * math.pi * 10 * (when * 1e-9 % 1))
            off.append(abs(sample - expected) / 16384)
        # This host may wake the node late for most reads. In another phase, by 5 ms or more, at most two of nine agree.
        assert sorted(off)[3] < 0.1, off


def test_overflow_drops_the_oldest_and_counts(run_script: RunScript) -> None:
    node = run_script(
        OPEN
        + """
    mic = open_mic(ibuf=4096)
    time.sleep_ms(200)
    print("lost", _sim.i2s_overruns(mic))
    """
    )
    assert int(node.wait_for(r"lost (\d+)")[1]) >= 8
