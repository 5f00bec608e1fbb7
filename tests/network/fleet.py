"""A fleet on a network of its own: the hub at its frozen address and ports, each node a host that gets its by DHCP."""

import contextlib
import json
import random
import signal
import socket
import subprocess
import time
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightwave.constants import CTRL_HTTP_PORT, HUB_IP, TS_UDP_PORT
from lightwave_sim.fleet import CLOCK_PERIOD_US, Fleet, FleetOptions, skews
from lightwave_sim.hub_process import HubProcess
from lightwave_sim.options import SimOptions
from lightwave_sim.process import SimNode
from tests.network.access_point import LEASE_SCRIPT, STATION, AccessPoint
from tests.network.clocks import HubClocks
from tests.network.namespaces import Namespace, run

CONNECT_TIMEOUT_S = 2
DISK_BYTES = 16 << 20


class SmallDisk:
    """What the hub keeps goes to a file system of its own, which a test can fill up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "k1-test", str(folder))

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        filler = self._folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):  # in pages at the end, or the last few would stay free
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        try:
            yield
        finally:
            filler.unlink()

    def close(self) -> None:
        run("umount", "-l", str(self._folder))


class NetworkHub(HubProcess):
    """`k1 hub` on a host. All that the tests ask it goes through `get` and `post`."""

    def __init__(self, host: Namespace, store: Path, log: Path) -> None:
        with host.entered():
            super().__init__(store, HUB_IP, CTRL_HTTP_PORT, log)
        self.time_port = TS_UDP_PORT
        self._namespace = host

    def start(self) -> None:
        with self._namespace.entered():
            super().start()

    def _request(self, request: urllib.request.Request) -> Any:
        with self._namespace.entered():
            return super()._request(request)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]


class NetworkNode(SimNode):
    """A node on a host of its own. Power brings its DHCP client, too."""

    def __init__(self, options: SimOptions, access_point: AccessPoint) -> None:
        super().__init__(options)
        options.environment["K1_SIM_INTERFACE"] = STATION
        self.host = Namespace("node")
        self._dhcp: subprocess.Popen[bytes] | None = None
        try:
            self.link = access_point.connect(self.host, options.mac)
        except BaseException:
            self.host.delete()
            raise

    def power_on(self) -> None:
        with self.host.entered():
            command = ["udhcpc", "-f", "-i", STATION, "-s", str(LEASE_SCRIPT), "-T", "1", "-A", "1"]
            with (self.options.directory / "udhcpc.log").open("ab") as log:
                self._dhcp = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            super().power_on()

    def kill(self) -> None:
        """The process ends, and the kernel closes its connections: a reset, seen from the hub."""
        super().kill()
        if self._dhcp is not None:
            self._dhcp.kill()
            self._dhcp.wait()
            self._dhcp = None
            self.host.ip("-4", "addr", "flush", "dev", STATION)

    def lose_power(self) -> None:
        """Nobody hears of it: not one packet says that the node is gone."""
        self.link.cut()
        self.kill()

    def regain_power(self) -> None:
        self.link.mend()
        self.power_on()

    def stop(self) -> None:
        super().stop()
        self.host.delete()


class Station:
    """A host that is no node, on a cable of its own to the access point."""

    def __init__(self, access_point: AccessPoint, role: str, address: str = "") -> None:
        self.host = Namespace(role)
        self.address = address
        try:
            self.link = access_point.connect(self.host, f"02:00:00:00:01:{zlib.crc32(role.encode()) & 0xFF:02X}")
            if address:
                self.host.ip("addr", "add", f"{address}/24", "dev", STATION)
        except BaseException:
            self.host.delete()
            raise

    def ask_for_an_address(self) -> str:
        """By DHCP; the address."""
        with self.host.entered():
            run("udhcpc", "-q", "-n", "-i", STATION, "-s", str(LEASE_SCRIPT), "-T", "1")
        self.address = str(json.loads(self.host.ip("-j", "-4", "addr", "show", STATION))[0]["addr_info"][0]["local"])
        return self.address

    def connect(self, hub: NetworkHub, timeout_s: float = CONNECT_TIMEOUT_S) -> socket.socket:
        with self.host.entered():
            return socket.create_connection((hub.host, hub.port), timeout_s)

    def close(self) -> None:
        self.host.delete()


class NetworkFleet(Fleet):
    """As its base, which the tests' helpers know, but for the network. `close` takes everything down."""

    def __init__(self, options: FleetOptions) -> None:
        super().__init__(options)
        directory = options.directory
        self.disk = SmallDisk(directory / "hub")
        try:
            self.access_point = AccessPoint(directory)
        except BaseException:
            self.disk.close()
            raise
        self.hub: NetworkHub = NetworkHub(self.access_point.namespace, directory / "hub", directory / "hub.log")
        self.nodes: list[NetworkNode] = []
        self.clocks = HubClocks(directory)
        self.hub.environment = self.clocks.environment

    def start(self) -> None:
        self.hub.start()
        audio_t0_ns = time.monotonic_ns()
        clocks = random.Random(self.options.seed)
        for number, skew_ppm in enumerate(skews(self.options.nodes, self.options.skew_ppm), start=1):
            options = self._node_options(number, skew_ppm, clocks.randrange(CLOCK_PERIOD_US), audio_t0_ns)
            self.nodes.append(NetworkNode(options, self.access_point))
            self.nodes[-1].start()

    def close(self) -> None:
        super().close()
        self.access_point.close()
        self.disk.close()
