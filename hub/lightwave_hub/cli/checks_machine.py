"""Checks of `k1 doctor` about the machine: Python packages, the clock on the wall, serial ports."""

import ctypes
import grp
import importlib.metadata
import os
import platform
import re
import sys
import time
from pathlib import Path

from lightwave_hub.cli.check import FAILURE, OK, WARNING, Check
from lightwave_hub.version import hub_version

DISTRIBUTION = "k1-lightwaveos"
SERIAL = ("/dev/ttyACM*", "/dev/ttyUSB*")
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)")
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_LIBRARIES = ("aiohttp", "pydantic", "python-osc")  # when nobody says what is required
_STA_UNSYNC = 0x40  # adjtimex(2)
_WATCH_S = 0.2
_STEP_S = 0.01


def versions() -> Check:
    system = f"{platform.system()} {platform.release()}"
    present, wrong = _packages()
    found = ", ".join([f"{DISTRIBUTION} {hub_version()}", f"Python {platform.python_version()}", *present, system])
    if wrong:
        step = f"{sys.executable} -m pip install --upgrade {' '.join(f'{each!r}' for each in wrong)}, or `make setup`"
        return Check("versions", FAILURE, f"missing or too old: {', '.join(wrong)}; {found}", step)
    if sys.platform != "linux":
        return Check("versions", WARNING, found, "the hub is tried on Linux; elsewhere its ticks may come late")
    return Check("versions", OK, found)


def _packages() -> tuple[list[str], list[str]]:
    """What is installed of what the hub requires, and the requirements that nothing installed fulfils."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or list(_LIBRARIES)
    except importlib.metadata.PackageNotFoundError:
        required = list(_LIBRARIES)
    present: list[str] = []
    wrong: list[str] = []
    for line in required:
        match = _REQUIREMENT.match(line)
        if match is None or "extra ==" in line:
            continue
        name, bounds = match[1], match[2].strip()
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        if version and _fits(version, bounds):
            present.append(f"{name} {version}")
        else:
            wrong.append(f"{name}{bounds}")
    return present, wrong


def _fits(version: str, bounds: str) -> bool:
    numbers = _numbers(version)
    return all((numbers < _numbers(bound)) == (sign == "<") for sign, bound in _BOUND.findall(bounds))


def _numbers(version: str) -> list[int]:
    """The release's numbers: 3.14.1rc2 is [3, 14, 1]."""
    return [int(found[0]) for part in version.split(".") if (found := re.match(r"\d+", part))]


def wall_clock() -> Check:
    """Schedule and records go by it; the show itself does not, so nothing about it is worse than a warning."""
    name = "time of day"
    stepped_s = _stepped_s()
    if abs(stepped_s) > _STEP_S:
        found = f"the clock was set by {stepped_s * 1000:+.0f} ms while we looked"
        return Check(name, WARNING, found, "let one program alone set it: `timedatectl`, `chronyc tracking` name some")
    if is_synchronised() is False:
        step = "sudo timedatectl set-ntp true; without internet: `sudo date -s ...` before the show"
        return Check(name, WARNING, "not synchronised: cues by the clock come when it says so", step)
    return Check(name, OK, time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _stepped_s() -> float:
    """How far the clock on the wall moved against the steady one."""
    before = time.time() - time.monotonic()
    time.sleep(_WATCH_S)
    return time.time() - time.monotonic() - before


def is_synchronised() -> bool | None:
    """What the kernel was told; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    status = _adjtimex_status()
    return None if status is None else not status & _STA_UNSYNC


def _adjtimex_status() -> int | None:
    """The kernel's own word on its clock; it is only read."""

    class Timex(ctypes.Structure):
        _fields_ = [
            ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256),
        ]  # fmt: skip

    timex = Timex()
    return None if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0 else timex.status


def serial_ports(patterns: tuple[str, ...] = SERIAL) -> Check:
    """May boards that are plugged in be flashed and monitored?"""
    name = "serial ports"
    ports = sorted(str(port) for pattern in patterns for port in Path("/").glob(pattern.lstrip("/")))
    refused = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if refused:
        group = _group(refused[0])
        step = f"sudo usermod -aG {group} $USER, log out and in; or install tools/udev/60-k1-boards.rules"
        return Check(name, WARNING, f"{', '.join(refused)} may not be opened by this user", step)
    return Check(name, OK, ", ".join(ports) or "no board is plugged in")


def _group(port: str) -> str:
    try:
        return grp.getgrgid(Path(port).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
