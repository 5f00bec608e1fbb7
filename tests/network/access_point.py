"""The access point: a bridge with the hub's frozen address, DHCP by dnsmasq, and stations on cables of their own."""

import itertools
import re
import subprocess
from pathlib import Path

from lightwave.constants import HUB_IP, UDP_PORT
from tests.network.namespaces import Namespace, run

STATION = "wlan0"  # a station's only interface
BRIDGE = "br0"
FIRST, LAST = "192.168.4.2", "192.168.4.50"
LEASE_SCRIPT = Path(__file__).with_name("lease.sh")


class AccessPoint:
    """Its namespace is where the hub runs."""

    def __init__(self, directory: Path) -> None:
        self.namespace = Namespace("ap")
        self._ports = itertools.count(1)
        self._leases = directory / "dnsmasq.leases"
        self._dnsmasq: subprocess.Popen[bytes] | None = None
        try:
            self.namespace.ip("link", "add", BRIDGE, "type", "bridge")
            self.namespace.ip("addr", "add", f"{HUB_IP}/24", "dev", BRIDGE)
            self.namespace.ip("link", "set", BRIDGE, "up")
            self._serve_dhcp(directory / "dnsmasq.log")
        except BaseException:
            self.close()
            raise

    def _serve_dhcp(self, log: Path) -> None:
        command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file"]
        command += ["--port=0", "--no-resolv", "--no-hosts", f"--interface={BRIDGE}", "--bind-dynamic"]
        # A first lease must not wait three seconds for an answer to dnsmasq's ping.
        command += [f"--dhcp-range={FIRST},{LAST},1h", "--dhcp-sequential-ip", "--no-ping", "--dhcp-authoritative"]
        command += [f"--dhcp-leasefile={self._leases}", f"--log-facility={log}"]
        with self.namespace.entered():
            self._dnsmasq = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def connect(self, station: Namespace, mac: str) -> "Link":
        """Give a host a cable to the bridge."""
        port = f"port{next(self._ports)}"
        self.namespace.ip("link", "add", port, "type", "veth", "peer", "name", STATION, "netns", station.name)
        self.namespace.ip("link", "set", port, "master", BRIDGE, "up")
        station.ip("link", "set", STATION, "address", mac, "up")
        return Link(self, port, station)

    def leases(self) -> dict[str, str]:
        """Addresses by MAC, as dnsmasq keeps them: time, MAC, address, name, client id."""
        lines = self._leases.read_text().splitlines() if self._leases.exists() else []
        return {line.split()[1].upper(): line.split()[2] for line in lines}

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told: no cable is unplugged."""
        self.namespace.ip("link", "set", BRIDGE, "down")

    def mend(self) -> None:
        self.namespace.ip("link", "set", BRIDGE, "up")

    def close(self) -> None:
        if self._dnsmasq is not None:
            self._dnsmasq.kill()
            self._dnsmasq.wait()
        self.namespace.delete()


class Link:
    """One station's way to the access point."""

    def __init__(self, access_point: AccessPoint, port: str, station: Namespace) -> None:
        self._access_point = access_point
        self._port = port
        self._station = station

    def cut(self) -> None:
        self._access_point.namespace.ip("link", "set", self._port, "down")

    def mend(self) -> None:
        self._access_point.namespace.ip("link", "set", self._port, "up")

    def lose(self, percent: int) -> None:
        """So many of all packets, each by itself, both ways. Senders hear nothing of it, as in the air."""
        lost = f"numgen random mod 1000 < {10 * percent} counter drop" if percent < 100 else "counter drop"
        hook = f"type filter hook ingress device {{}} priority 0; policy accept; ip version 4 {lost};"
        self._both_ways(hook)

    def lose_every(self, count: int) -> None:
        """Of the stream's packets exactly every `count`-th."""
        hook = "type filter hook ingress device {} priority 0; policy accept;"
        self._station.nft(_table(STATION, f"{hook} udp dport {UDP_PORT} numgen inc mod {count} == 0 counter drop;"))

    def _both_ways(self, hook: str) -> None:
        self._station.nft(_table(STATION, hook))
        self._access_point.namespace.nft(_table(self._port, hook))

    def lose_nothing(self) -> None:
        for namespace, device in ((self._station, STATION), (self._access_point.namespace, self._port)):
            namespace.nft(f"table netdev {device}\ndelete table netdev {device}")

    def lost(self) -> int:
        """Packets to the station that were dropped."""
        with self._station.entered():
            return sum(int(count) for count in re.findall(r"counter packets (\d+)", run("nft", "list", "ruleset")))


def _table(device: str, hook: str) -> str:
    return f"table netdev {device} {{ chain loss {{ {hook.format(device)} }}; }}"
