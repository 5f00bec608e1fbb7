"""A hub and its SIM nodes on this machine, each with an address, a clock and a directory of its own."""

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from lightwave_sim import relay
from lightwave_sim.addresses import AddressBlock
from lightwave_sim.air import Weather
from lightwave_sim.hub_process import HubProcess
from lightwave_sim.journal import Frame
from lightwave_sim.options import PERSONALITIES, SimOptions, board_config
from lightwave_sim.process import SimNode

MAX_NODES = 16
UDP_PORT = 49152
CLOCK_PERIOD_US = 1 << 30
STRIP_A_PIN = 5
RELAY_STOP_S = 5
AUDIO_LEAD_NS = 500_000_000  # every node is up before the music starts, so that all hear it from its first sample


@dataclass
class FleetOptions:
    """What differs between one fleet and another. `skew_ppm` is the largest distance of two clocks' speeds."""

    directory: Path
    nodes: int = 4
    board: str = "K1_S3"
    audio: Path | None = None
    skew_ppm: float = 0.0
    weather: Weather = Weather()
    trace: Path | None = None  # a recorded one instead of the weather
    record: Path | None = None  # where the relay writes what it did to the first node's datagrams
    hub_port: int = 0
    seed: int = 1
    config: dict[str, object] = field(default_factory=dict)
    hub_options: tuple[str, ...] = ()  # of `k1 hub`


def mac_of(number: int) -> str:
    """Locally administered, and readable in a log: node 1 is 02:4B:31:00:00:01."""
    return f"02:4B:31:00:00:{number:02X}"


def skews(nodes: int, spread_ppm: float) -> list[float]:
    """Clock speeds spaced evenly over the spread, so that two nodes are exactly that far apart."""
    if nodes == 1:
        return [spread_ppm]
    return [spread_ppm * (number / (nodes - 1) - 0.5) for number in range(nodes)]


class Fleet:
    """A context manager: what it started is gone when it ends, however it ends."""

    def __init__(self, options: FleetOptions) -> None:
        if not 1 <= options.nodes <= MAX_NODES:
            raise ValueError(f"nodes: {options.nodes} is not within 1..{MAX_NODES}")
        self.options = options
        log = options.directory / "hub.log"
        self.hub = HubProcess(options.directory / "hub", port=options.hub_port, log=log, options=options.hub_options)
        self.nodes: list[SimNode] = []
        self._block = AddressBlock()
        self._relay: subprocess.Popen[str] | None = None
        self.relay_lateness_us: dict[str, Any] | None = None  # of the relay itself, known after `close`

    def __enter__(self) -> "Fleet":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        self.hub.start()
        if self.options.weather != Weather() or self.options.trace or self.options.record:
            self._start_relay()
        audio_t0_ns = time.monotonic_ns() + AUDIO_LEAD_NS
        clocks = random.Random(self.options.seed)
        for number, skew_ppm in enumerate(skews(self.options.nodes, self.options.skew_ppm), start=1):
            node = SimNode(self._node_options(number, skew_ppm, clocks.randrange(CLOCK_PERIOD_US), audio_t0_ns))
            self.nodes.append(node)
            node.start()

    def _node_options(self, number: int, skew_ppm: float, clock_offset_us: int, audio_t0_ns: int) -> SimOptions:
        personality = PERSONALITIES[self.options.board]
        config = board_config(self.options.board)
        del config["ssid"]  # the access point is the SIM's own
        directory = self.options.directory / f"node{number}"
        directory.mkdir(parents=True, exist_ok=True)
        return SimOptions(
            mac=mac_of(number),
            ip=self._block.node(number),
            directory=directory,
            hub_host=self._block.relay(number) if self._relay else self.hub.host,
            hub_port=self.hub.port,
            clock_offset_us=clock_offset_us,
            skew_ppm=skew_ppm,
            audio=self.options.audio,
            audio_t0_ns=audio_t0_ns,
            config=config | self.options.config,
            tick_hz=personality.tick_hz,
            heap_kb=personality.heap_kb,
            udp_mailbox=personality.udp_mailbox,
        )

    def _start_relay(self) -> None:
        options = self.options
        links = [
            relay.Link(
                number, self._block.relay(number), self._block.node(number), self.hub.host, self.hub.port, UDP_PORT,
                self.hub.time_port,
            )
            for number in range(1, options.nodes + 1)
        ]  # fmt: skip
        arguments = relay.arguments(options.weather, options.seed, options.trace, options.record, links)
        command = [sys.executable, "-m", "lightwave_sim.relay", *arguments]
        self._relay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._relay.stdout is not None
        if "ready" not in self._relay.stdout.readline():
            raise RuntimeError("the relay did not start")

    def _stop_relay(self) -> None:
        if self._relay is None:
            return
        try:
            said, _ = self._relay.communicate("", timeout=RELAY_STOP_S)  # the end of its input ends it
            self.relay_lateness_us = json.loads(said.splitlines()[-1])
        except (subprocess.TimeoutExpired, ValueError, IndexError):
            self._relay.kill()
            self._relay.communicate()
        self._relay = None

    def check(self) -> None:
        """Raise what went wrong by itself: NodeCrashed with the node's traceback, or HubFailed."""
        self.hub.check()
        for node in self.nodes:
            node.check()

    def strip_a(self) -> list[list[Frame]]:
        """What strip A of each node has shown so far."""
        return [[frame for frame in node.journal.records() if frame.pin == STRIP_A_PIN] for node in self.nodes]

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
        self._stop_relay()
        self.hub.kill()
        self._block.release()
