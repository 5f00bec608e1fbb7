"""Network namespaces with a wire between them, and a DHCP client of a few lines: for tests of what sets up networks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from types import TracebackType

import pytest

# Asks for an address like a node's lwIP does; prints the one it got, and the options that came with it.
DHCP_CLIENT = r"""
import os, socket, struct, sys
interface, mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", ""))
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
line.bind(("0.0.0.0", 68))
line.settimeout(1)
xid = os.urandom(4)
def options_of(data):
    at, found = 240, {}
    while data[at] != 255:
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found
def ask(kind, wanted, *options):
    head = struct.pack("!BBBB4sHHIIII16s192s4s", 1, 1, 6, 0, xid, 0, 0x8000, 0, 0, 0, 0, mac, b"", b"\x63\x82\x53\x63")
    body = b"".join(bytes([code, len(value)]) + value for code, value in ((53, bytes([kind])), *options)) + b"\xff"
    for _ in range(8):
        line.sendto(head + body, ("255.255.255.255", 67))
        try:
            # An offer may come again when the first took long.
            while (data := line.recv(1500))[4:8] != xid or options_of(data)[53][0] != wanted:
                pass
            return data
        except TimeoutError:
            continue
    sys.exit("no answer")
offer = ask(1, 2)
answer = ask(3, 5, (50, offer[16:20]), (54, options_of(offer)[54]))
told = options_of(answer)
print(socket.inet_ntoa(answer[16:20]), socket.inet_ntoa(told[54]), sorted(told))
"""


def permitted() -> str:
    """Why there can be no namespaces here; "" where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    if shutil.which("ip") is None:
        return "network namespaces need `ip`, of the package iproute2"
    name = f"k1-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"no network namespaces: {tried.stderr.strip()}"
    entered = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], check=True)
    return f"no network namespaces: {entered.stderr.strip()}" if entered.returncode else ""


class Namespace:
    """One of a pair; a context manager. `run` runs a command inside."""

    def __init__(self, name: str) -> None:
        self.name = f"k1-{name}-{os.getpid()}"

    def __enter__(self) -> Namespace:
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def run(
        self, *command: str, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self.name, *command], capture_output=True, text=True, timeout=60, check=check,
            env=environment,
        )  # fmt: skip

    def wire_to(self, other: Namespace, here: str, there: str) -> None:
        """A veth pair: `here` in this one, `there` in the other, both without addresses."""
        pair = ["ip", "link", "add", here, "netns", self.name, "type", "veth", "peer", "name", there]
        subprocess.run([*pair, "netns", other.name], check=True)


@pytest.fixture(scope="session")
def namespaces() -> type[Namespace]:
    if why_not := permitted():
        pytest.skip(why_not)
    return Namespace
