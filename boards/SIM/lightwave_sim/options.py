"""What a SIM node can be told before it is powered on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent.parent
NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Personality:
    """What a board's image makes of the RTOS and the network stack: see DESIGN's facts about the board."""

    tick_hz: int
    udp_mailbox: int
    heap_kb: int


# A SIM node can be either of the boards that there are files for; each brings the config.json of its folder.
# Of 512 KB SRAM an ESP32-S3 without PSRAM has about 192 KB left for Python once WiFi, lwIP and the RTOS have theirs.
# Our image has the node's modules frozen in flash; the SIM loads them from files, so it has 112 KB more to hold them.
# The stock board is one with PSRAM, where the heap starts with 64 KB and doubles when it must: 64, 192, 448 KB.
PERSONALITIES = {"K1_S3": Personality(1000, 32, 192 + 112), "GENERIC_S3": Personality(100, 6, 448)}


def board_config(board: str) -> dict[str, Any]:
    """The template of a board's /config.json."""
    config: dict[str, Any] = json.loads((ROOT / "boards" / board / "config.json").read_text())
    return config


@dataclass
class SimOptions:
    """One node. Each needs its own mac, ip and directory; directory holds its flash and its journal."""

    directory: Path
    mac: str = "02:4B:31:00:00:01"
    ip: str = "127.0.0.1"
    hub_host: str = "127.0.0.1"
    hub_port: int = 8080
    ssid: str = "LightwaveOS"
    password: str = "lightwave-sim"
    # Merged over the keys above into the node's /config.json.
    config: dict[str, Any] = field(default_factory=dict)

    # Clock: node time = host time * (1 + skew) + offset.
    clock_offset_us: int = 0
    skew_ppm: float = 0.0
    # RTOS ticks per second: 1000 in our image, 100 in stock MicroPython.
    tick_hz: int = 1000
    # Datagrams a socket queues: 32 in our image, 6 in stock MicroPython.
    udp_mailbox: int = 32
    # Milliseconds from WLAN.connect() to an address; a board takes seconds.
    join_ms: int = 30
    # What the microphone hears: a PCM WAV file, looped; nodes with the same audio_t0_ns hear it in phase.
    audio: Path | None = None
    audio_t0_ns: int = 0
    # What the access point really is, when it is not what the node is told.
    ap_ssid: str | None = None
    ap_password: str | None = None
    heap_kb: int = PERSONALITIES["K1_S3"].heap_kb  # firmware that fits here fits the smallest board
    # Start from our application; without it the flash is blank and the node boots to a bare REPL.
    application: bool = True
    # More K1_SIM_* settings, e.g. {"K1_SIM_FLASH_ERASE_US": "45000"}.
    environment: dict[str, str] = field(default_factory=dict)

    def node_config(self) -> dict[str, Any]:
        """The contents of /config.json."""
        return {
            "ssid": self.ssid,
            "password": self.password,
            "hub_host": self.hub_host,
            "hub_port": self.hub_port,
            **self.config,
        }

    def board_environment(self) -> dict[str, str]:
        """The settings boards/SIM reads."""
        settings = {
            "K1_SIM_DIR": str(self.directory),
            "K1_SIM_MAC": self.mac,
            "K1_SIM_IP": self.ip,
            "K1_SIM_CLOCK_OFFSET_US": str(self.clock_offset_us),
            "K1_SIM_SKEW_PPM": repr(self.skew_ppm),
            "K1_SIM_TICK_HZ": str(self.tick_hz),
            "K1_SIM_UDP_MAILBOX": str(self.udp_mailbox),
            "K1_SIM_JOIN_MS": str(self.join_ms),
            "K1_SIM_AP_SSID": self.ssid if self.ap_ssid is None else self.ap_ssid,
            "K1_SIM_AP_PASSWORD": self.password if self.ap_password is None else self.ap_password,
            "K1_SIM_AUDIO_T0_NS": str(self.audio_t0_ns),
        }
        if self.audio is not None:
            settings["K1_SIM_AUDIO"] = str(self.audio)
        return {**settings, **self.environment}

    def node_us(self, host_ns: int) -> int:
        """The node's clock, in full microseconds, at a host CLOCK_MONOTONIC time (ticks_us is its low 30 bits)."""
        # The same integer steps as boards/SIM/sim_clock.c.
        ppb = int(self.skew_ppm * 1000)
        seconds, rest = divmod(host_ns, NS_PER_S)
        return (host_ns + seconds * ppb + rest * ppb // NS_PER_S + self.clock_offset_us * 1000) // 1000
