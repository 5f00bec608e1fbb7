"""The faults that the tests and `make bench NAME=faults` inflict, each with what has to come of it."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lightwave.constants import HUB_IP, TS_UDP_PORT, UDP_PORT
from lightwave_sim.flash import copy_sparse
from tests.network import peers
from tests.network.endurance import Outcome, endure
from tests.network.fleet import NetworkFleet, NetworkHub
from tests.system.conftest import wait_for

ALL = (0, 1, 2, 3)
VICTIM = 3
HOUR_S = 3600
GARBAGE_PER_S = 50_000
CONNECTIONS = 1000
FLASH_CHUNK = 64 << 10

Inflict = Callable[[NetworkFleet], AbstractContextManager[object]]


@dataclass(frozen=True)
class Fault:
    """`lasting_s` in the ordinary suite, `soak_s` in the long one (0: no longer). All is well again within `limit_s`
    of its end. Only `victims` may miss a change or be anything but READY meanwhile; of the figures `counted` in the
    hub's metrics one has to grow. `hub_is_there`: it takes changes of the scene all the while."""

    name: str
    inflict: Inflict
    lasting_s: float
    limit_s: float
    victims: tuple[int, ...] = ()
    counted: tuple[tuple[str, ...], ...] = ()
    soak_s: float = 0
    hub_is_there: bool = True

    def bystanders(self) -> list[int]:
        return [number for number in ALL if number not in self.victims]

    def endured(self, fleet: NetworkFleet, lasting_s: float) -> Outcome:
        return endure(fleet, self.inflict(fleet), lasting_s, self.bystanders(), self.hub_is_there)

    def verdict(self, outcome: Outcome) -> list[str]:
        """What was not as it has to be."""
        bad = []
        if outcome.recovery_s > self.limit_s:
            bad.append(f"all was well only after {outcome.recovery_s:.1f} s, not {self.limit_s} s")
        for number in self.bystanders():
            if self.hub_is_there and not outcome.seen[number] <= {"READY"}:
                bad.append(f"node {number + 1} was {outcome.seen[number]}")
            if outcome.missed[number]:
                bad.append(f"node {number + 1} missed {outcome.missed[number]} of {outcome.changes} changes")
        if self.counted and not any(outcome.grew(*path) > 0 for path in self.counted):
            bad.append(f"none of {self.counted} has grown")
        return bad


@contextlib.contextmanager
def cut_bridge(fleet: NetworkFleet) -> Iterator[None]:
    fleet.access_point.cut()
    try:
        yield
    finally:
        fleet.access_point.mend()


@contextlib.contextmanager
def dead_air(fleet: NetworkFleet) -> Iterator[None]:
    """Nothing arrives anywhere, and unlike at a cut no sender is told."""
    for node in fleet.nodes:
        node.link.lose(100)
    try:
        yield
    finally:
        for node in fleet.nodes:
            node.link.lose_nothing()


@contextlib.contextmanager
def cut_link(fleet: NetworkFleet) -> Iterator[None]:
    fleet.nodes[VICTIM].link.cut()
    try:
        yield
    finally:
        fleet.nodes[VICTIM].link.mend()


@contextlib.contextmanager
def stop_hub(fleet: NetworkFleet) -> Iterator[None]:
    fleet.hub.pause()
    try:
        yield
    finally:
        fleet.hub.resume()


@contextlib.contextmanager
def stop_node(fleet: NetworkFleet) -> Iterator[None]:
    fleet.nodes[VICTIM].pause()
    try:
        yield
    finally:
        fleet.nodes[VICTIM].resume()


@contextlib.contextmanager
def step_clock(fleet: NetworkFleet) -> Iterator[None]:
    """The show's clock, by as much as a laptop sleeps that is woken at once."""
    fleet.clocks.step(1.0)
    yield


@contextlib.contextmanager
def set_wall_clock(fleet: NetworkFleet) -> Iterator[None]:
    fleet.clocks.set_wall(HOUR_S)
    yield
    fleet.clocks.set_wall(0)


@contextlib.contextmanager
def second_hub(fleet: NetworkFleet) -> Iterator[None]:
    """Another laptop with the same address, and a node that comes anew while both are there."""
    with peers.station(fleet.access_point, "rival", HUB_IP) as host:
        rival = NetworkHub(
            host.host, Path(fleet.options.directory) / "rival", Path(fleet.options.directory) / "rival.log"
        )
        rival.start()
        try:
            fleet.nodes[VICTIM].kill()
            fleet.nodes[VICTIM].power_on()
            yield
        finally:
            rival.kill()


@contextlib.contextmanager
def fill_disk(fleet: NetworkFleet) -> Iterator[None]:
    """The hub's, until it has refused a node's records, which come every five seconds."""

    def refused() -> int:
        return int(fleet.hub.get("/metrics")["records"]["failures"])

    before = refused()
    with fleet.disk.full():
        yield
        wait_for(lambda: refused() > before, fleet, "the hub cannot keep records")


@contextlib.contextmanager
def fill_flash(fleet: NetworkFleet) -> Iterator[None]:
    """The victim starts with not one free block and a mind to write each second; it gets its old flash back later."""
    node = fleet.nodes[VICTIM]
    flash, kept = node.options.directory / "flash.bin", node.options.directory / "flash.kept"
    node.kill()
    copy_sparse(flash, kept)
    node.write_files({"/config.json": json.dumps(node.options.node_config() | {"records_max_age_s": 1})})
    for number in range(1 << 10):
        try:
            node.write_files({f"/filler{number}": bytes(FLASH_CHUNK)})
        except subprocess.CalledProcessError:
            break
    node.power_on()
    try:
        yield
        wait_for(lambda: fleet.hub.get("/metrics")["records"]["nodes"]["error_rate"] > 0, fleet, "the metrics say so")
    finally:
        node.kill()
        copy_sparse(kept, flash)
        node.power_on()


def garbage(fleet: NetworkFleet) -> AbstractContextManager[None]:
    address = fleet.access_point.leases()[fleet.nodes[VICTIM].options.mac]
    return peers.garbage(fleet, (HUB_IP, TS_UDP_PORT), (address, UDP_PORT), per_s=GARBAGE_PER_S)


def impostor(fleet: NetworkFleet) -> AbstractContextManager[None]:
    return peers.impostor(fleet, fleet.nodes[VICTIM].options.mac)


def stall(fleet: NetworkFleet) -> AbstractContextManager[None]:
    return peers.event_listeners(fleet, 8)


@contextlib.contextmanager
def stall_until_closed(fleet: NetworkFleet) -> Iterator[None]:
    """Long enough to be missed: they do not answer the hub's pings."""
    with stall(fleet):
        yield
        wait_for(lambda: fleet.hub.get("/metrics")["events"]["subscribers"] == 0, fleet, "the hub hung up on them")


def crowd(fleet: NetworkFleet) -> AbstractContextManager[None]:
    return peers.connections(fleet, CONNECTIONS)


LOSSES, UNLOCKS = ("nodes", "losses"), ("sync", "unlocks")
# Who has lost packets remembers it for 10 s, so those that hit nobody are first, and those that hit all are last.
FAULTS = [
    Fault("hub_wall_clock_stepped_1_h", set_wall_clock, 1, 1),
    Fault("hub_disk_full", fill_disk, 3, 2, (), (("records", "failures"),)),
    Fault("never_reading_peers", lambda fleet: peers.readers(fleet, 8, 0), 1, 2, (), (("ws", "messages"),), soak_s=20),
    Fault("slow_reading_peers", lambda fleet: peers.readers(fleet, 8, 500), 1, 2, (), (("ws", "messages"),), soak_s=20),
    Fault("stalled_event_listeners", stall, 1, 2),
    Fault(
        "connections_1000", lambda fleet: peers.connections(fleet, CONNECTIONS), 1, 2, (), (("connections", "refused"),)
    ),
    Fault("hello_flood", peers.hellos, 1, 3, (), (("ws", "connections"),), soak_s=15),
    Fault("duplicate_mac", impostor, 2, 8, (VICTIM,), (LOSSES, ("ws", "rejects", "mac_taken"))),
    Fault("garbage_50000_per_s", garbage, 1, 5, (VICTIM,), (("time", "refused"), ("edges", "bad_packets")), soak_s=10),
    Fault("node_stopped_2_s", stop_node, 2, 5, (VICTIM,), (("frames", "late"), LOSSES)),
    Fault("hub_stopped_2_s", stop_hub, 2, 4, ALL, (("udp", "skipped"),), hub_is_there=False),
    Fault("hub_clock_stepped_1_s", step_clock, 0.5, 5, ALL, (UNLOCKS,)),
    Fault("bridge_cut_100_ms", cut_bridge, 0.1, 3, ALL, hub_is_there=False),
    Fault("bridge_cut_2_s", cut_bridge, 2, 5, ALL, (("nodes", "fallbacks"),), hub_is_there=False),
]
LONG_FAULTS = [
    Fault("event_listeners_stalled_for_25_s", stall_until_closed, 25, 2),
    Fault("node_cut_4_s", cut_link, 4, 6, (VICTIM,), (LOSSES,)),
    Fault("dead_air_30_s", dead_air, 30, 6, ALL, (LOSSES,), hub_is_there=False),
    Fault("bridge_cut_30_s", cut_bridge, 30, 8, ALL, (LOSSES,), hub_is_there=False),
    Fault("two_hubs_with_one_address", second_hub, 6, 30, ALL),
    Fault("node_flash_full", fill_flash, 8, 10, (VICTIM,)),
]
