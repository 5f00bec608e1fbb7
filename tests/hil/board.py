"""A board at its serial port, real or SIM, as the tests here see it: by what comes over that port, and by its hub."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _boot_watch import Boot, watch
from _node_repl import Repl

from lightwave_sim import SimNode
from lightwave_sim.hub_process import HubProcess

START_S = 30  # of a real board: WiFi takes its time
ASK_PERIOD_S = 0.05


class Board:
    """`sim` is the SIM node behind the port; None for a real board."""

    def __init__(self, port: str, hub: HubProcess, sim: SimNode | None) -> None:
        self.port = port
        self.hub = hub
        self.sim = sim
        with Repl(port) as repl:
            self.facts = repl.facts()
            self.config = repl.config() or {}
        assert self.config, "the board has no config.json: tools/flash.py gives it one"

    @property
    def mac(self) -> str:
        return self.facts.mac

    @property
    def is_real(self) -> bool:
        return self.sim is None

    @property
    def takes_firmware(self) -> bool:
        """Whether it is updated by images, and not by archives of the application."""
        return bool(self.config.get("board") == "K1_S3")

    @property
    def rate(self) -> int:
        """Frames a second that it is configured for."""
        return int(self.config.get("fps", 60))

    def restart(self, want_hello: bool = True) -> Boot:
        """Reset it as after power on; what it said until it was up."""
        with Repl(self.port) as repl:
            line = repl.reset()
        return watch(self.port, START_S, want_hello, line)

    def mpremote(self, *arguments: str) -> str:
        """What the unmodified tool prints."""
        tool = shutil.which("mpremote", path=str(Path(sys.executable).parent))
        assert tool is not None, "mpremote belongs to the development dependencies"
        command = [tool, "connect", self.port, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.replace("\r\n", "\n")

    def known(self) -> dict[str, Any] | None:
        """What the hub knows of it."""
        nodes: list[dict[str, Any]] = self.hub.get("/api/nodes")["nodes"]
        return next((node for node in nodes if node["mac"] == self.mac), None)

    def wait_until(self, condition: Callable[[dict[str, Any]], object], what: str, seconds: float) -> float:
        """Ask the hub until it is so of this node; how long that took."""
        began = time.monotonic()
        while True:
            node = self.known()
            if node is not None and condition(node):
                return time.monotonic() - began
            if self.sim is not None:
                self.sim.check()
            if time.monotonic() - began > seconds:
                pytest.fail(f"not within {seconds} s: {what}; the hub knows {node}")
            time.sleep(ASK_PERIOD_S)

    def wait_until_ready(self) -> float:
        return self.wait_until(lambda node: node["state"] == "READY", "the node is READY", START_S)
