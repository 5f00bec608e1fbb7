"""What a node's words at its start mean: transcripts of starts that went well and of those that did not."""

from __future__ import annotations

import pytest
from _boot_watch import Boot

ROM = "ESP-ROM:esp32s3-20210327\r\nrst:0x3 (RTC_SW_SYS_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
STARTED = "[BOOT] K1 LightwaveOS 0.1.0 mac=02:4B:31:00:00:01 leds=160+160 fps=60\r\n[GPU TASK] Running on Core 1\r\n"
JOINED = "[WIFI] joining Stage\r\n[WIFI] joined Stage as 10.0.0.7, -60 dBm\r\n"


def heard(text: str) -> Boot:
    boot = Boot()
    for at in range(0, len(text), 7):  # as a serial line delivers: anywhere cut
        boot.feed(text[at : at + 7])
    return boot


def test_a_start_that_goes_well() -> None:
    boot = heard(ROM + STARTED + JOINED + "[CTRL] welcome node 3\r\n")
    assert boot.booted and boot.node_id == 3 and boot.version == "0.1.0"
    assert boot.failure is None and boot.loop is None


def test_micropython_without_a_program_waits_at_its_prompt() -> None:
    boot = heard(ROM + "MicroPython v1.28.0; ESP32S3\r\n>>> ")
    assert boot.at_prompt and not boot.booted


def test_a_few_resets_are_no_loop() -> None:
    assert heard(ROM * 3 + STARTED).loop is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ((ROM + "invalid header: 0xffffffff\r\n") * 5, "starts over and over: its flash holds no program"),
        ((ROM + "Guru Meditation Error: Core 1 panic'ed (StoreProhibited)\r\n") * 5, "panic'ed (StoreProhibited)"),
        (ROM * 5, "the board starts over and over"),
    ],
)
def test_loops_are_told_from_each_other(text: str, cause: str) -> None:
    loop = heard(text).loop
    assert loop is not None and cause in loop.cause


FAILED = '[BOOT] the node has failed:\r\nTraceback (most recent call last):\r\n  File "x.py", line 1, in run\r\n'


@pytest.mark.parametrize(
    ("text", "cause", "remedy"),
    [
        (
            STARTED + FAILED + "MemoryError: memory allocation failed, allocating 30720 bytes\r\n",
            "MemoryError",
            "PSRAM",
        ),
        (STARTED + FAILED + "OSError: [Errno 19] ENODEV\r\n", "the node has failed: OSError: [Errno 19]", "--rollback"),
        ("[BOOT] config.json: leds: must be a list of 1 to 2 integers\r\n", "refuses its config.json: leds:", "value"),
    ],
)
def test_failures_of_the_application(text: str, cause: str, remedy: str) -> None:
    failure = heard(text).failure
    assert failure is not None and cause in failure.cause and remedy in failure.remedy


def test_an_unknown_key_is_no_failure() -> None:
    assert heard("[BOOT] config.json: colour is unknown and ignored\r\n" + STARTED).failure is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "says nothing for 9 s"),
        ("Traceback (most recent call last):\r\nImportError: no module named 'loader'\r\n", "no module named 'loader'"),
        (STARTED + "[WIFI] joining Stage\r\n", "cannot join Stage"),
        (
            STARTED + JOINED + "[CTRL] hub 10.0.0.1:80: [Errno 113] EHOSTUNREACH\r\n",
            "no hello: hub 10.0.0.1:80: [Errno 113]",
        ),
        (STARTED + JOINED, "no hello: the hub has not answered"),
    ],
)
def test_how_far_it_came_says_why_there_was_no_hello(text: str, cause: str) -> None:
    assert cause in heard(text).late(9).cause


def test_a_fleet_with_another_join_key_is_the_remedy() -> None:
    refused = "[CTRL] hub 10.0.0.1:80: the hub refused us: join_key_wrong proof is of another key\r\n"
    assert "--join-key-file" in heard(STARTED + JOINED + refused).late(9).remedy


def test_only_the_last_lines_are_kept() -> None:
    told: list[str] = []
    boot = Boot(told.append)
    boot.feed("".join(f"line {number}\n" for number in range(500)))
    assert len(told) == 500 and len(boot.lines) == 40 and boot.lines[-1] == "line 499"
