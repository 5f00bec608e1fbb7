"""What makes an access point of this laptop: the checks before, and the steps by NetworkManager or hostapd."""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from _access_point_steps import AccessPointError, Step

from lightwave_hub.cli import radio

NAME = "k1-lightwave"
FIRST_LEASE, LAST_LEASE = 2, 50
_PROGRAMS = {"hostapd": "hostapd", "dnsmasq": "dnsmasq", "ip": "iproute2"}  # and Debian's packages of them
_KEYFILES = Path("/etc/NetworkManager/system-connections")
_KEYFILE = """\
[connection]
id={name}
type=wifi
interface-name={interface}
autoconnect=false

[wifi]
mode=ap
band=bg
channel={channel}
ssid={ssid}
powersave=2

[wifi-security]
key-mgmt=wpa-psk
proto=rsn
pairwise=ccmp
group=ccmp
psk={password}

[ipv4]
method=shared
address1={address}/24

[ipv6]
method=disabled
"""
_HOSTAPD = """\
interface={interface}
driver=nl80211
ssid={ssid}
country_code={country}
hw_mode=g
channel={channel}
ieee80211n=1
wmm_enabled=1
auth_algs=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase={password}
# Nodes stream: do not let them sleep through it, nor be thrown out when they are quiet.
disassoc_low_ack=0
ap_max_inactivity=60
"""
# No DNS and no router: phones that open the page keep their way to the internet.
_DNSMASQ = """\
interface={interface}
bind-interfaces
except-interface=lo
port=0
dhcp-range={first},{last},255.255.255.0,12h
dhcp-authoritative
dhcp-option=3
dhcp-option=6
dhcp-leasefile={leases}
"""


@dataclass(frozen=True)
class Wanted:
    """The access point as asked for. `country` "" keeps the domain that is in force."""

    ssid: str
    password: str
    interface: str
    country: str
    channel: int
    address: str
    backend: str
    folder: Path


def check_words(wanted: Wanted) -> None:
    """What can be judged without a radio. Raises AccessPointError."""
    if not 1 <= len(wanted.ssid.encode()) <= 32 or not wanted.ssid.isprintable():
        raise AccessPointError("--ssid is not 1 to 32 bytes of text", "Choose another name")
    if not (8 <= len(wanted.password) <= 63 and wanted.password.isascii() and wanted.password.isprintable()):
        raise AccessPointError("the password is not 8 to 63 ASCII characters", "WPA2 wants that; choose another")
    if wanted.country and not (len(wanted.country) == 2 and wanted.country.isalpha()):
        raise AccessPointError(f"--country {wanted.country} is not two letters", "Give for example --country DE")
    try:
        if not ipaddress.IPv4Address(wanted.address).is_private:
            raise AccessPointError(f"--address {wanted.address} is not a private one", "Give for example 192.168.4.1")
    except ipaddress.AddressValueError:
        raise AccessPointError(f"--address {wanted.address} is no IPv4 address", "Give it without /24") from None


def chosen_radio(interface: str) -> radio.Radio:
    """The one named, or the only one. Raises AccessPointError."""
    if sys.platform != "linux":
        raise AccessPointError("this is not Linux", "Use its own hotspot: 2.4 GHz, address 192.168.4.1")
    radios = radio.radios()
    if radios is None:
        if radio.wireless_by_kernel():
            raise AccessPointError("`iw` is missing", "sudo apt-get install iw")
        raise AccessPointError("this machine has no WiFi radio", "Plug in a USB one that can be an access point")
    named = [each for each in radios if interface in ("", each.interface)]
    if not named:
        there = ", ".join(each.interface for each in radios) or "none"
        raise AccessPointError(
            f"there is no radio {interface}".strip(), f"Radios of this machine: {there}; a USB one would do"
        )
    if len(named) > 1:
        names = ", ".join(each.interface for each in named)
        raise AccessPointError(f"there are {len(named)} radios: {names}", "Name one by --interface")
    return named[0]


def check_radio(which: radio.Radio, wanted: Wanted) -> str:
    """Can it be that access point, and may it? The country in force. Raises AccessPointError."""
    can = radio.phy(which.phy)
    if can is None or "AP" not in can.modes:
        raise AccessPointError(f"the radio {which.interface} cannot be an access point", "Plug in a USB one that can")
    if not can.channels:
        what = "5 GHz only" if can.has_5_ghz else "no 2.4 GHz"
        raise AccessPointError(f"the radio {which.interface} has {what}", "ESP32-S3 boards hear 2.4 GHz: use another")
    country = radio.country() or radio.WORLD
    if country == radio.WORLD and not wanted.country:
        raise AccessPointError("no regulatory domain is set (country 00)", "Say where you are, as in --country DE")
    if wanted.channel not in can.channels:
        most = max(can.channels)
        raise AccessPointError(f"channel {wanted.channel} is none of the radio's", f"Choose 1 to {most} by --channel")
    why_not = can.channels[wanted.channel]
    if why_not and wanted.country in ("", country):
        raise AccessPointError(
            f"channel {wanted.channel} may not be used in country {country} ({why_not})",
            "Take --channel 1, 6 or 11, or say by --country where you really are",
        )
    return country


def check_address(wanted: Wanted, interface: str) -> None:
    """Is the network free? Raises AccessPointError."""
    network = ipaddress.ip_network(f"{wanted.address}/24", strict=False)
    for line in (radio.output_of("ip", "-4", "-o", "addr", "show") or "").splitlines():
        words = line.split()
        if words[1] != interface and ipaddress.ip_interface(words[3]).network.overlaps(network):
            raise AccessPointError(
                f"{words[1]} is in the network {network} already", "Disconnect it, or choose another --address"
            )


def chosen_backend(wanted: Wanted) -> str:
    """NetworkManager where it runs, for it would fight anything else. Raises AccessPointError."""
    managed = (radio.output_of("nmcli", "-t", "-f", "RUNNING", "general") or "").strip() == "running"
    if wanted.backend == "hostapd" and managed:
        raise AccessPointError("NetworkManager runs and would take the radio back", "Leave out --backend")
    if wanted.backend == "networkmanager" and not managed:
        raise AccessPointError("NetworkManager does not run", "Leave out --backend, or start it")
    if managed:
        return "networkmanager"
    missing = [package for name, package in _PROGRAMS.items() if shutil.which(name) is None]
    if missing:
        raise AccessPointError(f"{' and '.join(missing)} not installed", f"sudo apt-get install {' '.join(missing)}")
    return "hostapd"


def check_rights() -> None:
    if os.geteuid() != 0:
        raise AccessPointError("only root may set up a radio", "Run the same command with sudo")


def steps(wanted: Wanted, which: radio.Radio, country: str, backend: str) -> list[Step]:
    named = {
        "name": NAME, "interface": which.interface, "channel": wanted.channel, "ssid": wanted.ssid,
        "password": wanted.password, "address": wanted.address, "country": wanted.country or country,
    }  # fmt: skip
    first: list[Step] = []
    if wanted.country and wanted.country != country:
        first.append(
            Step("tell the radio where it is", ("iw", "reg", "set", wanted.country), undo=("iw", "reg", "set", country))
        )
    more = _by_network_manager if backend == "networkmanager" else _by_hostapd
    return first + more(wanted, which, named)


def _by_network_manager(wanted: Wanted, which: radio.Radio, named: dict[str, object]) -> list[Step]:
    file = str(_KEYFILES / f"{NAME}.nmconnection")
    before = (radio.output_of("nmcli", "-g", "GENERAL.CON-UUID", "device", "show", which.interface) or "").strip()
    note = Step(f"note what {which.interface} is connected to", ("true",), undo=("nmcli", "connection", "up", before))
    return [
        *([note] if before else []),
        Step("describe the access point", file=file, content=_KEYFILE.format(**_escaped(named))),
        Step("have it read", ("nmcli", "connection", "load", file), undo=("nmcli", "connection", "reload")),
        Step(
            "start it (NetworkManager runs its own DHCP server)", ("nmcli", "connection", "up", NAME),
            undo=("nmcli", "connection", "delete", NAME),
        ),
    ]  # fmt: skip


def _escaped(named: dict[str, object]) -> dict[str, object]:
    """As GKeyFile reads values: a backslash begins an escape, a space in front would be lost, a ; ends a byte list."""
    escaped = dict(named)
    for key in ("ssid", "password"):
        text = str(named[key]).replace("\\", "\\\\")
        escaped[key] = f"\\s{text[1:]}" if text.startswith(" ") else text
    escaped["ssid"] = str(escaped["ssid"]).replace(";", "\\;")
    return escaped


def _by_hostapd(wanted: Wanted, which: radio.Radio, named: dict[str, object]) -> list[Step]:
    folder, interface, address = wanted.folder, which.interface, f"{wanted.address}/24"
    hostapd, dnsmasq = str(folder / "hostapd.conf"), str(folder / "dnsmasq.conf")
    hostapd_pid, dnsmasq_pid = str(folder / "hostapd.pid"), str(folder / "dnsmasq.pid")
    network = wanted.address.rpartition(".")[0]
    leases = {"first": f"{network}.{FIRST_LEASE}", "last": f"{network}.{LAST_LEASE}", "leases": folder / "leases"}
    steps = [
        Step("describe the access point", file=hostapd, content=_HOSTAPD.format(**named)),
        Step("describe its DHCP", file=dnsmasq, content=_DNSMASQ.format(**named, **leases)),
        Step(f"give {interface} the hub's address", ("ip", "addr", "add", address, "dev", interface),
             undo=("ip", "addr", "del", address, "dev", interface)),
        Step(f"switch {interface} on", ("ip", "link", "set", interface, "up"),
             undo=() if _is_up(interface) else ("ip", "link", "set", interface, "down")),
    ]  # fmt: skip
    if which.power_save:
        off = ("iw", "dev", interface, "set", "power_save")
        steps.append(Step("keep the radio awake", (*off, "off"), undo=(*off, "on")))
    return [
        *steps,
        Step("start the access point", ("hostapd", "-B", "-P", hostapd_pid, hostapd), pid_file=hostapd_pid),
        Step(
            "start its DHCP", ("dnsmasq", f"--conf-file={dnsmasq}", f"--pid-file={dnsmasq_pid}"), pid_file=dnsmasq_pid
        ),
    ]


def _is_up(interface: str) -> bool:
    try:
        return bool(int(Path(f"/sys/class/net/{interface}/flags").read_text(), 16) & 1)
    except (OSError, ValueError):
        return False
