"""The fan-out: cost of a packet, lateness and skipped ticks at 4 to 1000 receivers, and with 1 to 32 different things
played by them; sendto, sACN, Art-Net beside it.
And the registry: what a keepalive costs a hub that gets a thousand of them a second.

Beside each size stands what the machine itself allows at that moment: the lateness of a thread that only sleeps until
each deadline (floor), and the share of time its host withheld (steal). The sender has one core to itself, the receivers
(a process that drains real sockets) another. Lateness is measured in the running tick thread; microseconds a packet by
sending as fast as possible, in rounds that take turns, so that the machine's moods hit all contenders alike.
"""

import contextlib
import logging
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lightwave import packets
from lightwave_hub import realtime
from lightwave_hub.conductor import Conductor
from lightwave_hub.datagrams import Target
from lightwave_hub.fanout import FanOut
from lightwave_hub.part import Block, Scores
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tick_stats import PERIOD_US
from lightwave_hub.transmit import open_transmitter
from tests.bench import _receivers, _registry
from tests.bench._common import not_measured, percentile, print_table, stolen_s, write_figures

SIZES = (4, 50, 250, 1000)
PARTS = (1, 8, 32)  # of the 1000 receivers
PORT = 5568  # sACN's, which its package cannot change: all contenders send to the same sockets
PAYLOAD = 64
Contender = Callable[[], None]


def main(quick: bool) -> None:
    seconds, floor_s, rounds = (4, 1.5, 10) if quick else (20, 5, 40)
    _pin(0)
    realtime.prefer_ticks(real_time=True)
    figures: dict[str, Any] = {}
    for size in SIZES:
        with _receiving(size) as received:
            figures[str(size)] = {**_paced(size, seconds), "floor_us_p99": _floor_us(floor_s)}
        figures[str(size)]["received_pct"] = round(100 * received[0] / figures[str(size)]["datagrams"], 2)
        with _receiving(size):
            figures[str(size)]["us_per_packet"] = _unpaced(size, rounds)
    with _receiving(SIZES[-1]):
        figures.update(_compare(SIZES[-1], rounds))
        figures["parts"] = _divided(SIZES[-1], rounds)
        figures["registry"] = _registry.measure(_pin, PORT, 4 if quick else 15)
    _print(figures)
    write_figures("fanout", figures)


def _paced(size: int, seconds: float) -> dict[str, Any]:
    """The tick thread for some seconds, conducting: a scene change every 100 ms keeps edges in the stream."""
    clock, conductor, fanout = _stream(size)
    stolen_before = stolen_s()
    fanout.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        conductor.scene(packets.CHANNEL_A, effect=1)
        threading.Event().wait(0.1)
    stats = fanout.stats
    fanout.stop()
    stolen = None if stolen_before is None else (stolen_s() or 0.0) - stolen_before
    lateness_us, send_us = stats.lateness_us(50, 99), stats.send_us(50, 99)
    return {
        "lateness_us_p50": lateness_us[0],
        "lateness_us_p99": lateness_us[1],
        "send_us_p50": send_us[0],
        "send_us_p99": send_us[1],
        "skipped_ticks": stats.skipped,
        "overruns": stats.overruns,
        "ticks": stats.ticks,
        "datagrams": stats.datagrams,
        "send_errors": stats.send_errors,
        "scheduling": fanout.scheduling,
        "steal_pct": None if stolen is None else round(100 * stolen / seconds / (os.cpu_count() or 1), 1),
    }


def _floor_us(seconds: float) -> float | None:
    """p99 lateness of a thread with the tick thread's scheduling and nothing to do."""
    late_us: list[int] = []

    def sleep_through() -> None:
        realtime.raise_this_thread()
        clock = ShowClock()
        deadline_us = clock.now_us()
        for _ in range(int(seconds * 1_000_000 / PERIOD_US)):
            deadline_us = max(deadline_us + PERIOD_US, clock.now_us())
            realtime.sleep_until(deadline_us, clock.now_us)
            late_us.append(clock.now_us() - deadline_us)

    thread = threading.Thread(target=sleep_through)
    thread.start()
    thread.join()
    return percentile(late_us, 99)


def _stream(size: int) -> tuple[ShowClock, Conductor, FanOut]:
    clock = ShowClock()
    clock.set_tempo(120)
    conductor = Conductor(Scores(Block(), Block(), 255), clock)
    fanout = FanOut(
        clock, lambda: conductor.parts, size, lambda memory, rows: open_transmitter(memory, rows, "127.0.0.1")
    )
    for index in range(size):
        fanout.add(Target(index + 1, _mac(index), (_receivers.address(index), PORT), index))
    return clock, conductor, fanout


def _mac(index: int) -> str:
    return f"02:00:00:00:{index >> 8:02X}:{index & 0xFF:02X}"


def _unpaced(size: int, rounds: int) -> float:
    clock, _, fanout = _stream(size)
    tick = _ticker(clock, fanout)
    tick()  # the first one also takes in the targets
    repeat = max(1, 1000 // size)
    us = [_us_per_packet(tick, size, repeat) for _ in range(rounds)]
    fanout.stop()
    return round(statistics.median(us), 3)


def _ticker(clock: ShowClock, fanout: FanOut) -> Contender:
    def tick() -> None:
        fanout.tick(clock.now_us())  # already due: nothing waits

    return tick


def _us_per_packet(send_all: Contender, size: int, repeat: int) -> float:
    started_ns = time.perf_counter_ns()
    for _ in range(repeat):
        send_all()
    return (time.perf_counter_ns() - started_ns) / 1000 / size / repeat


def _compare(size: int, rounds: int) -> dict[str, Any]:
    """Contenders take turns; the median round counts."""
    clock, _, fanout = _stream(size)
    contenders: dict[str, Contender] = {"fanout": _ticker(clock, fanout), "sendto": _bare_loop(size)}
    figures: dict[str, Any] = {}
    for name, make in (("sacn", _sacn), ("artnet", _artnet)):
        try:
            contenders[name] = make(size)
        except ImportError as error:
            figures[name] = not_measured(f"{error.name} is not installed", "us_per_packet")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, send_all in contenders.items():
            times[name].append(_us_per_packet(send_all, size, 1))
    fanout.stop()
    for name, us in times.items():
        figures[name] = {"us_per_packet": round(statistics.median(us), 3), "us_per_packet_p99": percentile(us, 99)}
    return figures


def _divided(size: int, rounds: int) -> dict[str, Any]:
    """The nodes play `count` different things, and a scene for all begins in every other round. They take turns."""
    streams = {count: _stream(size) for count in PARTS}
    times: dict[int, list[float]] = {count: [] for count in PARTS}
    for count, (clock, conductor, fanout) in streams.items():
        tick = _ticker(clock, fanout)
        tick()
        for part in range(1, count):
            nodes = frozenset(_mac(index) for index in range(part, size, count))
            conductor.param(packets.CHANNEL_B, {"hue": part}, nodes=nodes)
            tick()
    for number in range(rounds):
        for count, (clock, conductor, fanout) in streams.items():
            if number % 2 == 0:
                conductor.scene(packets.CHANNEL_A, effect=1)
            times[count].append(_us_per_packet(_ticker(clock, fanout), size, 1))
    for _, _, fanout in streams.values():
        fanout.stop()
    return {str(count): {"us_per_packet": round(statistics.median(us), 3)} for count, us in times.items()}


def _bare_loop(size: int) -> Contender:
    """The least Python can do a packet at a time: no header, no sequence."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    targets = [(_receivers.address(index), PORT) for index in range(size)]
    datagram = bytes(PAYLOAD)

    def send_all() -> None:
        for target in targets:
            sender.sendto(datagram, target)

    return send_all


def _sacn(size: int) -> Contender:
    """One universe a receiver, flushed by hand from this thread: no scheduling of its own is in the figure."""
    import sacn

    logging.getLogger("sacn").setLevel(logging.CRITICAL)  # a machine without a multicast route: see send_all
    sender = sacn.sACNsender(bind_port=0, universeDiscovery=False)
    sender.manual_flush = True
    for universe in range(1, size + 1):
        sender.activate_output(universe)
        sender[universe].destination = _receivers.address(universe - 1)
        sender[universe].dmx_data = (1,) * PAYLOAD

    def send_all() -> None:
        # The one multicast packet that ends a flush may have no route here; all universes have left by then.
        with contextlib.suppress(OSError):
            sender.flush()

    return send_all


def _artnet(size: int) -> Contender:
    from stupidArtnet import StupidArtnet

    senders = [StupidArtnet(_receivers.address(i), i % 256, PAYLOAD, port=PORT) for i in range(size)]

    def send_all() -> None:
        for sender in senders:
            sender.show()

    return send_all


@contextlib.contextmanager
def _receiving(size: int) -> Iterator[list[int]]:
    """Receivers for the time of the block; afterwards the list holds how many datagrams they got."""
    received: list[int] = []
    command = [sys.executable, str(Path(_receivers.__file__)), str(size), str(PORT)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _pin(1, process.pid)
    assert process.stdout is not None and process.stdin is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the receivers did not start; is UDP port {PORT} in use?")
        yield received
        time.sleep(0.2)  # what is still in their buffers counts
    finally:
        process.stdin.close()
        received.append(int(process.stdout.read() or 0))
        process.wait()
        process.stdout.close()


def _pin(core: int | None, pid: int = 0) -> None:
    """A core of its own for the sender and another for the receivers, where there are two and the system can.

    None gives a process all cores again, which it does not have when this one started it."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0)) if pid == 0 else sorted(range(os.cpu_count() or 1))
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, cores if core is None else {cores[core % len(cores)]})


def _print(figures: dict[str, Any]) -> None:
    keys = (
        "us_per_packet",
        "lateness_us_p50",
        "lateness_us_p99",
        "send_us_p99",
        "skipped_ticks",
        "floor_us_p99",
        "steal_pct",
    )
    rows = [(f"{size} nodes", *(figures[str(size)][key] for key in keys)) for size in SIZES]
    print_table("Fan-out at 100 Hz, one core", ("", *keys), rows)
    contenders = [(name, figures[name]["us_per_packet"]) for name in ("fanout", "sendto", "sacn", "artnet")]
    print_table(f"Sending to {SIZES[-1]} receivers, in turns", ("", "us_per_packet"), contenders)
    parts = [(f"{count} parts", figures["parts"][str(count)]["us_per_packet"]) for count in PARTS]
    print_table(f"{SIZES[-1]} receivers that play different things, in turns", ("", "us_per_packet"), parts)
    registry = figures["registry"]
    keys = tuple(key for key in registry if key != "why")
    print_table("Keepalives to a hub of 1000 nodes", ("", *keys), [("", *(registry[key] for key in keys))])
