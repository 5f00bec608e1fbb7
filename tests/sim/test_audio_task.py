"""Audio on a thread of its own: snapshots follow the microphone whatever Python is doing."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

import pytest

from lightwave_sim import SimNode
from tests.sim.conftest import RunScript

HOP_US = 8000  # 128 samples at 16 kHz
STATS = ("blocks", "overruns", "stack_free", "core", "errors", "driver_error", "latency_max", "latency_p99")

PRELUDE = """
    import _lightwave as lw, machine, micropython, time
    from array import array
    stats = array("I", bytes(4 * 8))
    audio_stats = array("I", bytes(4 * 5))
    snapshot = bytearray(196)
    words = array("I", bytes(196))
    def hop():
        lw.snapshot_read(words)
        return words[0]
    def print_stats():
        lw.audio_task_stats(stats)
        print("stats", *stats)
    def refused(call, *args):
        try:
            call(*args)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            return "%s: %s" % (type(error).__name__, error)
    def start():
        lw.audio_task_start(14, 13, 12, 16000, 128)
"""


@pytest.fixture
def run_audio(run_script: RunScript) -> RunScript:
    """run_script with the prelude above in front."""
    return lambda source, **options: run_script(PRELUDE + source, **options)


def stats_of(node: SimNode) -> dict[str, int]:
    line = node.wait_for(r"stats ([\d ]+)", 15)[1]
    return dict(zip(STATS, map(int, line.split()), strict=True))


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        samples = (0.5 * math.sin(2 * math.pi * 440 * i / 16_000) for i in range(16_000))
        file.writeframes(b"".join(struct.pack("<h", round(32767 * sample)) for sample in samples))
    return path


@pytest.mark.parametrize(
    ("meanwhile", "name"),
    [
        ("time.sleep_ms(1000)", "asleep"),
        ("while time.ticks_diff(time.ticks_us(), begin) < 1000000: pass", "in a loop"),
        ("spin()", "in native code that never gives up the GIL"),
    ],
)
def test_snapshots_keep_coming_while_python_is(run_audio: RunScript, meanwhile: str, name: str) -> None:
    node = run_audio(f"""
    @micropython.native
    def spin():
        ticks, diff = time.ticks_us, time.ticks_diff
        while diff(ticks(), begin) < 1000000:
            pass
    start()
    while hop() == 0:
        time.sleep_ms(1)
    begin = time.ticks_us()
    first = hop()
    {meanwhile}
    print("hops", hop() - first, time.ticks_diff(time.ticks_us(), begin))
    print_stats()
    """)
    hops, took_us = (int(text) for text in node.wait_for(r"hops (\d+) (\d+)", 10).groups())
    stats = stats_of(node)
    assert hops == pytest.approx(took_us / HOP_US, abs=6)
    assert (stats["overruns"], stats["errors"]) == (0, 0)


def test_sound_reaches_the_snapshot_within_its_hop_and_two_milliseconds(run_audio: RunScript, tone: Path) -> None:
    node = run_audio(
        """
    start()
    time.sleep_ms(300)
    ages = []
    for n in range(200):
        lw.snapshot_read(words)
        ages.append(time.ticks_diff(time.ticks_us(), words[1]))
        time.sleep_ms(3)
    ages.sort()
    lw.snapshot_read(snapshot)
    spectrum = array("H", snapshot[20:148])
    print("ages", ages[len(ages) // 2], ages[-10], "bin", max(range(64), key=lambda b: spectrum[b]),
          "rms", snapshot[14] | snapshot[15] << 8)
    print_stats()
    """,
        audio=tone,
    )
    median, high, loudest, rms = (
        int(text) for text in node.wait_for(r"ages (\d+) (\d+) bin (\d+) rms (\d+)", 15).groups()
    )
    stats = stats_of(node)
    assert loudest == 24  # 440 Hz is two octaves above the lowest bin
    assert rms == pytest.approx(0.5 * 65535 / math.sqrt(2), rel=0.05)
    assert median <= HOP_US + 2000
    assert high <= 20_000
    assert stats["latency_p99"] <= stats["latency_max"]
    assert stats["blocks"] >= 2 * 100


def test_capture_times_are_the_blocks_own(run_audio: RunScript) -> None:
    node = run_audio(
        """
    start()
    seen = []
    while len(seen) < 40:
        lw.snapshot_read(words)
        if words[0] and (not seen or seen[-1][0] != words[0]):
            seen.append((words[0], words[1], words[2]))
        time.sleep_ms(1)
    base = seen[0]
    off = [time.ticks_diff(c, base[1]) - (h - base[0]) * 8000 for h, c, p in seen]
    print("off", min(off), max(off), min(time.ticks_diff(p, c) for h, c, p in seen))
    """,
        skew_ppm=60.0,
    )
    low, high, least = (int(text) for text in node.wait_for(r"off (-?\d+) (-?\d+) (-?\d+)", 10).groups())
    assert -1 <= low <= high <= 1  # captured_us is when the hop's last sample arrived, not when the thread woke
    assert least >= 0


def test_stop_is_silence_and_start_begins_anew(run_audio: RunScript, tone: Path) -> None:
    node = run_audio(
        """
    for n in range(20):
        start()
        time.sleep_ms(30)
        heard = hop()
        began = time.ticks_us()
        lw.audio_task_stop()
        took = time.ticks_diff(time.ticks_us(), began)
        lw.snapshot_read(snapshot)
        print("round", heard, took, sum(snapshot))
    lw.audio_task_stop()
    time.sleep_ms(20)
    print("still", hop())
    """,
        audio=tone,
    )
    rounds = [[int(text) for text in node.wait_for(r"round (\d+) (\d+) (\d+)").groups()] for _ in range(20)]
    assert sum(1 <= heard <= 6 for heard, _, _ in rounds) >= 15
    assert sorted(took for _, took, _ in rounds)[10] < 10_000
    assert all(rest == 0 for _, _, rest in rounds)
    node.wait_for("still 0")


def test_start_while_running_begins_anew(run_audio: RunScript) -> None:
    node = run_audio("""
    start()
    time.sleep_ms(100)
    before = hop()
    start()
    print("hops", before, hop())
    time.sleep_ms(50)
    print("goes on", hop() > 2)
    """)
    before, after = (int(text) for text in node.wait_for(r"hops (\d+) (\d+)").groups())
    assert after < 6 < before
    node.wait_for("goes on True")


def test_only_one_of_task_and_python_feeds_the_analysis(run_audio: RunScript) -> None:
    node = run_audio("""
    start()
    print(refused(lw.audio_start, 16000, 256))
    print(refused(lw.audio_stop))
    print(refused(lw.audio_process, bytes(1024), 0))
    lw.audio_task_stop()
    lw.audio_start(16000, 256)
    print("fed", lw.audio_process(bytes(1024), time.ticks_us()), hop())
    start()  # takes over
    print(refused(lw.audio_process, bytes(1024), 0))
    time.sleep_ms(100)
    lw.audio_stats(audio_stats)
    print("hops", audio_stats[0] > 1, audio_stats[3])
    """)
    node.wait_for("RuntimeError: the audio task is running")
    node.wait_for("RuntimeError: the audio task is running")
    node.wait_for("RuntimeError: audio_process before audio_start")
    node.wait_for("fed 1 1")
    node.wait_for("RuntimeError: audio_process before audio_start")
    node.wait_for("hops True 0")


def test_refusals_name_the_field_and_its_limit(run_audio: RunScript) -> None:
    node = run_audio("""
    good = [14, 13, 12, 16000, 128]
    for i, bad in ((0, 49), (1, -1), (2, 100), (3, 8000), (3, 96000), (4, 32), (4, 100), (4, 320)):
        arguments = good[:]
        arguments[i] = bad
        print(refused(lw.audio_task_start, *arguments))
    print(refused(lw.audio_task_stats, bytearray(31)))
    print("running", hop())
    """)
    for text in ("sck: 49", "ws: -1", "sd: 100 is not in 0..48", "rate: 8000 is not in 12000..48000", "rate: 96000",
                 "hop: 32", "hop: 100 is not a multiple of 64", "hop: 320 is not in 64..256"):  # fmt: skip
        node.wait_for(f"ValueError: {text}")
    node.wait_for("ValueError: buf: 31 bytes")
    node.wait_for("running 0")


def test_reading_allocates_nothing_and_tears_nothing(run_audio: RunScript, tone: Path) -> None:
    node = run_audio(
        """
    start()
    micropython.heap_lock()
    n = bad = 0
    while n < 50000:
        if not lw.snapshot_read(words) or words[0] != words[48]:
            bad += 1
        n += 1
    lw.audio_stats(audio_stats)
    lw.audio_task_stats(stats)
    micropython.heap_unlock()
    print("read", n, bad, "failures", audio_stats[2], "torn", audio_stats[3])
    """,
        audio=tone,
    )
    node.wait_for("read 50000 0 failures 0 torn 0", 20)


@pytest.mark.parametrize("how", ["machine.soft_reset()", "Ctrl-D"])
def test_a_soft_reset_ends_the_task(run_audio: RunScript, tone: Path, how: str) -> None:
    node = run_audio(
        f"""
    if machine.reset_cause() != machine.SOFT_RESET:
        start()
        time.sleep_ms(50)
        print("heard", hop() > 0)
        {how if how != "Ctrl-D" else "pass  # to the REPL"}
    else:
        time.sleep_ms(50)
        print("silent", hop())
        start()
        time.sleep_ms(50)
        print("heard again", hop() > 0)
    """,
        audio=tone,
    )
    node.wait_for("heard True")
    if how == "Ctrl-D":
        node.wait_for(">>> ")
        with open(node.serial_path, "wb", buffering=0) as serial:
            serial.write(b"\x04")
    node.wait_for("MPY: soft reboot")
    node.wait_for("silent 0")
    node.wait_for("heard again True")


def test_stack_of_the_task_has_room(run_audio: RunScript, tone: Path) -> None:
    node = run_audio(
        """
    start()
    time.sleep_ms(500)
    print_stats()
    """,
        audio=tone,
    )
    assert stats_of(node)["stack_free"] >= 4096


def test_leds_and_sound_run_beside_each_other(run_audio: RunScript, tone: Path) -> None:
    node = run_audio(
        """
    start()
    lw.leds_start(5, 160, 4, 160)
    frame = bytearray(480)
    begin = time.ticks_us()
    at = time.ticks_add(begin, 10000)
    armed = 0
    for n in range(120):
        armed += lw.leds_show(frame, frame, at) == 0
        at = time.ticks_add(at, 8333)
        while time.ticks_diff(at, time.ticks_us()) > 7000:
            lw.snapshot_read(words)
    lw.audio_stats(audio_stats)
    print("armed", armed, "hops", audio_stats[0], time.ticks_diff(time.ticks_us(), begin), "torn", audio_stats[3])
    """,
        audio=tone,
    )
    armed, hops, took_us = (int(text) for text in node.wait_for(r"armed (\d+) hops (\d+) (\d+) torn 0", 15).groups())
    assert armed >= 60  # a busy host may keep Python away
    assert hops == pytest.approx(took_us / HOP_US, abs=10)
