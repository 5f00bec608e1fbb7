"""Checks of `k1 doctor` about what stands between the hub and its nodes: firewalls and WiFi."""

from collections.abc import Callable
from pathlib import Path

from lightwave_hub.cli import nftables, radio
from lightwave_hub.cli.check import OK, WARNING, Check
from lightwave_hub.config import Config

UFW = Path("/etc/ufw/ufw.conf")
FIREWALLD = Path("/run/firewalld")


def needed(config: Config) -> list[nftables.Packet]:
    """What has to pass: nodes' connections and time pings in, the stream out."""
    packets = [
        nftables.Packet("input", "tcp", config.hub.port),
        nftables.Packet("input", "udp", config.stream.time_port),
        nftables.Packet("output", "udp", config.stream.udp_port),
    ]
    return packets + ([nftables.Packet("input", "udp", config.osc.port)] if config.osc.enabled else [])


def firewall(config: Config) -> Check:
    packets = needed(config)
    inward = [f"{packet.port}/{packet.protocol}" for packet in packets if packet.hook == "input"]
    if UFW.exists() and "ENABLED=yes" in UFW.read_text(errors="replace"):
        return _ufw(inward)
    if FIREWALLD.exists():
        step = " ".join(["sudo firewall-cmd", *(f"--add-port={port}" for port in inward)])
        return Check("firewall", WARNING, f"firewalld is on; nodes need {', '.join(inward)}", step)
    entries = nftables.ruleset()
    if entries is None:
        return Check(
            "firewall", OK, f"neither ufw nor firewalld is on, nftables was not asked; nodes need {_listed(packets)}"
        )
    drops = [drop for packet in packets if (drop := nftables.dropped(entries, packet)) is not None]
    if drops:
        found = f"nftables drops {_listed([drop.packet for drop in drops])}"
        return Check("firewall", WARNING, found, "; ".join(drop.remedy for drop in drops))
    return Check("firewall", OK, f"nothing known stops {_listed(packets)}")


def _listed(packets: list[nftables.Packet]) -> str:
    ways = {"input": "in", "output": "out"}
    return ", ".join(f"{packet.protocol.upper()} {packet.port} {ways[packet.hook]}" for packet in packets)


def _ufw(ports: list[str]) -> Check:
    """What `ufw status` does not allow; all of it where only root may ask."""
    said = radio.output_of("ufw", "status") or ""
    allowed = {line.split()[0] for line in said.splitlines() if " ALLOW" in line}
    missing = [port for port in ports if not {port, port.partition("/")[0]} & allowed]
    if not missing:
        return Check("firewall", OK, f"ufw is on and allows {', '.join(ports)}")
    found = f"ufw is on; nodes need {', '.join(missing)}"
    return Check("firewall", WARNING, found, "; ".join(f"sudo ufw allow {port}" for port in missing))


def wifi_checks() -> list[Callable[[], Check]]:
    """None for a machine without WiFi."""
    if not radio.wireless_by_kernel() and not radio.radios():
        return []
    return [_power_save, _country]


def _power_save() -> Check:
    name = "WiFi power save"
    radios = radio.radios()
    if radios is None:
        return Check(name, WARNING, "`iw` is missing, so nobody can tell", "sudo apt-get install iw")
    asleep = [each.interface for each in radios if each.power_save]
    if asleep:
        found = f"on at {', '.join(asleep)}: packets wait up to 100 ms for the beacon"
        return Check(name, WARNING, found, "; ".join(f"sudo iw dev {each} set power_save off" for each in asleep))
    return Check(name, OK, "off")


def _country() -> Check:
    name = "WiFi country"
    country = radio.country()
    if country is None:
        return Check(name, WARNING, "nobody tells", "sudo apt-get install iw wireless-regdb")
    if country == radio.WORLD:
        found = "none is set (00): channels are few and an access point may be refused"
        return Check(name, WARNING, found, "sudo iw reg set DE, with your own country's two letters")
    return Check(name, OK, f"{country}: is that where you are?")
