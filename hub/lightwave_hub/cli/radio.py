"""What `iw` says of this machine's WiFi: for `k1 doctor` and for tools/access_point.py. Linux only."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 5.0
WORLD = "00"  # the domain of nobody: what is allowed everywhere, which is little
_NET = Path("/sys/class/net")
_CHANNEL = re.compile(r"\* (\d+)(?:\.\d+)? MHz \[(\d+)\](.*)")


@dataclass(frozen=True)
class Radio:
    """A WiFi interface. `kind` as iw says: managed, AP, ...; `power_save` None where it does not tell."""

    interface: str
    phy: str
    kind: str
    power_save: bool | None


@dataclass(frozen=True)
class Phy:
    """What a radio can: `channels` of 2.4 GHz by number, with why it may not begin to send there ("": it may)."""

    modes: frozenset[str]
    channels: dict[int, str]
    has_5_ghz: bool


def output_of(*command: str) -> str | None:
    """What a command prints; None when there is no such command, or it fails or hangs."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def wireless_by_kernel() -> list[str]:
    """Interfaces that are WiFi, also without `iw`."""
    return sorted(path.parent.name for path in _NET.glob("*/phy80211"))


def radios() -> list[Radio] | None:
    """None where `iw` is missing or fails."""
    said = output_of("iw", "dev")
    if said is None:
        return None
    found, phy, interface = [], "", ""
    for line in said.splitlines():
        words = line.split()
        if line.startswith("phy#"):
            phy = f"phy{line[4:].strip()}"
        elif words[:1] == ["Interface"] and len(words) > 1:
            interface = words[1]
        elif words[:1] == ["type"] and interface and len(words) > 1:
            found.append(Radio(interface, phy, words[1], _power_save(interface)))
            interface = ""
    return found


def _power_save(interface: str) -> bool | None:
    said = output_of("iw", "dev", interface, "get", "power_save") or ""
    return {"on": True, "off": False}.get(said.rpartition(":")[2].strip())


def country() -> str | None:
    """The regulatory domain in force: a radio's own where it keeps one, else the system's. None: nobody tells."""
    found = re.findall(r"^country (\w\w):", output_of("iw", "reg", "get") or "", re.MULTILINE)
    return found[-1] if found else None


def phy(name: str) -> Phy | None:
    """None where `iw` does not know it."""
    said = output_of("iw", "phy", name, "info")
    if said is None:
        return None
    modes, channels, has_5_ghz, in_modes = set(), {}, False, False
    for line in said.splitlines():
        text = line.strip()
        if in_modes and text.startswith("* "):
            modes.add(text[2:].strip())
            continue
        in_modes = text.startswith("Supported interface modes")
        if found := _CHANNEL.match(text):
            mhz, number, rest = int(found[1]), int(found[2]), found[3]
            if 2400 <= mhz < 2500:
                channels[number] = _why_not(rest)
            elif 5000 <= mhz < 5900:
                has_5_ghz = True
    return Phy(frozenset(modes), channels, has_5_ghz)


def _why_not(flags: str) -> str:
    if "disabled" in flags:
        return "disabled"
    return "no IR" if "no IR" in flags or "no-IR" in flags else ""
