"""Hosts of our own: Linux network namespaces, whose links lead to one another and nowhere else."""

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
NAMES = re.compile(r"k1-(\d+)-\d+-\w+")  # by whose process they were made
_PROGRAMS = {"ip": "iproute2", "nft": "nftables", "dnsmasq": "dnsmasq-base", "udhcpc": "udhcpc"}
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


class CommandFailed(Exception):
    """A command ended with a code other than 0; the text holds what it complained about."""


def run(*command: str, stdin: str | None = None) -> str:
    """What the command prints."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=10)
    if done.returncode:
        raise CommandFailed(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A host without any link but its loopback. `role` ends its name, for whoever looks with `ip netns`."""

    def __init__(self, role: str) -> None:
        self.name = f"k1-{os.getpid()}-{next(_numbers)}-{role}"
        run("ip", "netns", "add", self.name)
        try:
            self.ip("link", "set", "lo", "up")
        except CommandFailed:
            self.delete()
            raise

    def ip(self, *words: str) -> str:
        return run("ip", "-n", self.name, *words)

    def nft(self, rules: str) -> None:
        with self.entered():
            run("nft", "-f", "-", stdin=rules)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is on that host: sockets made and processes started here stay there for good."""
        with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{self.name}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())

    def delete(self) -> None:
        """With all that still runs there. A second call does nothing."""
        _delete(self.name)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _delete(name: str) -> None:
    with contextlib.suppress(CommandFailed):
        for pid in run("ip", "netns", "pids", name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "del", name)


def sweep() -> None:
    """Remove what a test run left behind that was killed before it could."""
    for line in run("ip", "netns", "list").splitlines():
        found = NAMES.match(line)
        if found and not Path(f"/proc/{found[1]}").exists():
            _delete(found[0])


def why_not() -> str | None:
    """What keeps this machine from having such hosts; None when nothing does."""
    missing = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        return f"no network of its own: please install {' '.join(missing)}"
    try:
        probe = Namespace("probe")
    except CommandFailed as error:
        return f"no network of its own: {error}"
    try:
        probe.ip("link", "add", "br0", "type", "bridge")
        probe.nft(
            "table inet probe { chain input { type filter hook input priority 0; numgen random mod 2 < 1 drop; }; }"
        )
        with probe.entered(), tempfile.TemporaryDirectory() as folder:
            run("mount", "-t", "tmpfs", "k1-test", folder)
            run("umount", folder)
    except (CommandFailed, OSError) as error:
        return f"no network of its own: {error}"
    finally:
        probe.delete()
    return None
