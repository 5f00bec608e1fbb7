"""Would nftables let a packet through? Judged from `nft -j list ruleset` (libnftables-json(5)), with no packet sent.

What a rule asks of a packet that nobody knows beforehand (addresses, interfaces other than lo, limits) is given the
benefit of the doubt: only what is dropped for certain is reported.
"""

import json
from dataclasses import dataclass
from typing import Any

from lightwave_hub.cli.radio import output_of

_Chain = tuple[str, str, str]  # family, table, name
_Rules = dict[_Chain, list[list[Any]]]
_FAMILIES = ("ip", "inet")
_DROPS = ("drop", "reject")
_DEEPEST = 16  # chains that jump to one another


@dataclass(frozen=True)
class Packet:
    """The first of a connection or stream: `hook` input or output, `protocol` tcp or udp, to that port."""

    hook: str
    protocol: str
    port: int


@dataclass(frozen=True)
class Drop:
    """Who drops it: the base chain, and what would let it pass."""

    packet: Packet
    family: str
    table: str
    chain: str

    @property
    def remedy(self) -> str:
        where = f"{self.family} {self.table} {self.chain}"
        return f"sudo nft insert rule {where} {self.packet.protocol} dport {self.packet.port} accept"


def ruleset() -> list[dict[str, Any]] | None:
    """None where there is no nft, or it may not be asked."""
    said = output_of("nft", "-j", "list", "ruleset")
    try:
        entries: list[dict[str, Any]] = json.loads(said)["nftables"] if said else []
    except (ValueError, KeyError, TypeError):
        return None
    return entries if said else None


def dropped(entries: list[dict[str, Any]], packet: Packet) -> Drop | None:
    """The first chain that drops the packet for certain; None when none does."""
    chains = {_key(each["chain"], "name"): each["chain"] for each in entries if "chain" in each}
    rules: _Rules = {key: [] for key in chains}
    for each in entries:
        if "rule" in each:
            rules.setdefault(_key(each["rule"], "chain"), []).append(each["rule"].get("expr", []))
    for key, chain in chains.items():
        if key[0] in _FAMILIES and chain.get("hook") == packet.hook and chain.get("type") == "filter":
            verdict = _walk(rules, key, packet, 0) or chain.get("policy", "accept")
            if verdict in _DROPS:
                return Drop(packet, *key)
    return None


def _key(entry: dict[str, Any], name: str) -> _Chain:
    return entry["family"], entry["table"], entry[name]


def _walk(
    rules: dict[tuple[str, str, str], list[list[Any]]], key: tuple[str, str, str], packet: Packet, depth: int
) -> str:
    """accept, drop or reject; "" when the chain ends or returns without a verdict."""
    if depth > _DEEPEST:
        return ""
    for expression in rules.get(key, []):
        matches, certain = True, True
        for statement in expression:
            name, value = next(iter(statement.items()))
            if name == "match":
                fits = _fits(value, packet)
                matches, certain = matches and fits is not False, certain and fits is not None
            elif name in ("limit", "quota", "xt", "fib"):
                certain = False
            elif matches:
                verdict = _verdict(rules, key, name, value, packet, depth)
                if verdict == "return":
                    return ""
                if verdict == "accept" or (verdict in _DROPS and certain):
                    return verdict
            if not matches:
                break
    return ""


def _verdict(rules: _Rules, key: _Chain, name: str, value: Any, packet: Packet, depth: int) -> str:
    if name in ("jump", "goto"):
        found = _walk(rules, (key[0], key[1], value["target"]), packet, depth + 1)
        return found or ("return" if name == "goto" else "")
    return name if name in ("accept", "return", *_DROPS) else ""


def _fits(match: dict[str, Any], packet: Packet) -> bool | None:
    """None: it depends on what is not known."""
    left, right = match.get("left", {}), match.get("right")
    known = _known(left, packet)
    if known is None:
        return None
    inside = _contains(right, known)
    if inside is None:
        return None
    return not inside if match.get("op") == "!=" else inside


def _known(left: Any, packet: Packet) -> str | int | None:
    if not isinstance(left, dict):
        return None
    if payload := left.get("payload"):
        protocol, asked = payload.get("protocol"), payload.get("field")
        if protocol in ("tcp", "udp", "sctp", "dccp") and protocol != packet.protocol:
            return "another protocol"
        if asked == "dport" and protocol in (packet.protocol, "th"):
            return packet.port
        return packet.protocol if asked == "protocol" else None
    if meta := left.get("meta"):
        names = {"l4proto": packet.protocol, "nfproto": "ipv4", "protocol": "ip"}
        # Nodes are never on lo; which of the others they are on is not known.
        return names.get(meta["key"], "not lo" if meta["key"] in ("iif", "iifname", "oif", "oifname") else None)
    return "new" if left.get("ct", {}).get("key") == "state" else None


def _contains(right: Any, known: str | int) -> bool | None:
    """Is it that, or in that set or range? None for named sets and for interfaces."""
    if known == "not lo":
        return False if right == "lo" else None
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    if isinstance(right, dict) and "range" in right:
        low, high = right["range"]
        return isinstance(known, int) and low <= known <= high
    if isinstance(right, list):
        parts = [_contains(each, known) for each in right]
        return True if True in parts else None if None in parts else False
    if isinstance(right, str) and right.startswith("@"):
        return None
    if isinstance(right, (str, int)):
        return right == known
    return None
