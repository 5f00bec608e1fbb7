"""The fan-out: a thread that sends every node its datagrams, 100 times a second, on absolute deadlines.

Deadlines are the hub times divisible by the period. A tick that comes too late for its own period is not caught up:
it is skipped and counted, so the stream is sometimes thinner but never behind. Nothing here waits for the event loop:
targets come and go through a deque, and the parts take their changes the same way.

The rows of a part are neighbours, so what a tick costs grows with the parts and hardly with the nodes: each part's
datagram is repeated in C, and rows that follow one another go to the kernel in one call, whatever their parts.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from lightwave import constants, packets
from lightwave_hub import realtime
from lightwave_hub.datagrams import DatagramRows, Target
from lightwave_hub.log import event, failure, stream_log
from lightwave_hub.part import Part
from lightwave_hub.parts import Parts
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tick_stats import PERIOD_US, TickStats
from lightwave_hub.transmit import Failure, Transmitter

_COMPLAIN_EVERY_TICKS = 10 * constants.UDP_TICK_HZ
_STOPPED_US = 1_000_000

Opener = Callable[[bytearray, int], Transmitter]


class _Block(NamedTuple):
    """Rows first..end-1 are those of a part."""

    part: Part
    first: int
    end: int


class FanOut:
    """Start it once; `add` and `remove` are for any thread, the rest of the state belongs to the tick thread."""

    def __init__(
        self,
        clock: ShowClock,
        parts: Callable[[], Parts],
        capacity: int,
        open_transmitter: Opener,
        *,
        real_time: bool = True,
    ) -> None:
        self.stats = TickStats()
        self.scheduling = "not started"
        self._clock = clock
        self._parts = parts
        self._real_time = real_time
        # Two sessions of one node can overlap for a tick, so there is more room than nodes.
        self._rows = DatagramRows(capacity + 16)
        self._transmitter = open_transmitter(self._rows.memory, self._rows.capacity)
        self._blocks: list[_Block] = []
        self._seatings = -1  # of the parts when the rows were put in order
        self._commands: deque[tuple[Callable[[Target], None], Target]] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="k1-ticks", daemon=True)
        self._complain_at_tick = 0
        self._due_us = 0  # this tick's deadline
        self._first_us = 0  # when its first datagram left

    def start(self) -> None:
        self.stats.newest_deadline_us = self._clock.now_us()  # a stream about to start is not one that stopped
        self._thread.start()

    def stop(self) -> None:
        """Returns when the last tick is done; the socket is closed."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._transmitter.close()

    def alive(self, now_us: int) -> bool:
        """Has a tick been sent lately? Any thread."""
        return self._thread.is_alive() and now_us - self.stats.newest_deadline_us < _STOPPED_US

    def add(self, target: Target) -> None:
        """Stream to `target` from the next tick on."""
        self._commands.append((self._add, target))

    def remove(self, target: Target) -> None:
        """Stop streaming to `target` from the next tick on."""
        self._commands.append((self._remove, target))

    def tick(self, now_us: int) -> None:
        """Prepare what the nodes get at the hub time `now_us`, and send it then.

        For the tick thread, and for tests and benches that run none.
        """
        self._due_us, self._first_us = now_us, 0
        while self._commands:
            command, target = self._commands.popleft()
            command(target)
            self._seatings = -1
        parts = self._parts()
        parts.fill(now_us, self._clock.beat_at(now_us + constants.APPLY_AHEAD_US))
        if self._seatings != parts.seatings:
            self._seatings = parts.seatings
            self._put_in_order(parts)
        for place in range(max((len(block.part.datagrams) for block in self._blocks), default=0)):
            self._send_place(place)

    def _run(self) -> None:
        self.scheduling = realtime.raise_this_thread() if self._real_time else "default"
        event(stream_log, logging.INFO, "stream starts", hz=constants.UDP_TICK_HZ, scheduling=self.scheduling)
        deadline_us = (self._clock.now_us() // PERIOD_US + 1) * PERIOD_US
        while not self._stop.is_set():
            realtime.sleep_until(deadline_us - realtime.WAKE_AHEAD_US, self._clock.now_us)
            missed = max(0, self._clock.now_us() - deadline_us) // PERIOD_US
            self.stats.skipped += missed
            deadline_us += missed * PERIOD_US
            try:
                self.tick(deadline_us)
            except Exception:  # one bad tick must not end the show
                self.stats.failures += 1
                if self._may_complain():
                    failure(stream_log, "tick failed")
            last_us = realtime.spin_until(deadline_us, self._clock.now_us)
            self.stats.note(deadline_us, self._first_us or last_us, last_us)
            deadline_us += PERIOD_US

    def _put_in_order(self, parts: Parts) -> None:
        """Nodes came, went, or changed parts: make the rows of each part neighbours again."""
        owners = [parts.part_of(target.mac) for target in self._rows.targets]
        rank = {part: number for number, part in enumerate(parts.all)}
        order = sorted(range(len(owners)), key=lambda row: rank[owners[row]])
        if order != list(range(len(owners))):
            self._rows.arrange(order)
            self._transmitter.arrange(order)
        self._blocks, end = [], 0
        for part, rows in groupby(owners[row] for row in order):
            first, end = end, end + sum(1 for _ in rows)
            self._blocks.append(_Block(part, first, end))

    def _send_place(self, place: int) -> None:
        """The datagrams that each part has in this place of the tick."""
        first = end = 0
        datagrams: list[bytearray] = []
        for block in self._blocks:
            if place < len(block.part.datagrams):
                if block.first != end:  # those between get nothing: their part has said all
                    self._send(first, end, datagrams)
                    first, datagrams = block.first, []
                datagrams.append(block.part.datagrams[place] * (block.end - block.first))
                end = block.end
        self._send(first, end, datagrams)

    def _send(self, first: int, end: int, datagrams: list[bytearray]) -> None:
        if first == end:
            return
        self._rows.fill(first, end, datagrams[0] if len(datagrams) == 1 else b"".join(datagrams))
        if not self._first_us:
            self._first_us = realtime.spin_until(self._due_us, self._clock.now_us)
        failures = self._transmitter.send(first, end)
        sent = end - first - len(failures)
        self.stats.datagrams += sent
        self.stats.bytes_sent += sent * packets.PACKET_SIZE
        if failures:
            self._note_failures(failures)

    def _note_failures(self, failures: list[Failure]) -> None:
        self.stats.send_errors += len(failures)
        for failed in failures:
            self._rows.targets[failed.row].send_errors += 1
        if self._may_complain():
            first, why = self._rows.targets[failures[0].row], os.strerror(failures[0].errno)
            event(stream_log, logging.WARNING, "cannot send", node=first.node_id, why=why, failures=len(failures))

    def _may_complain(self) -> bool:
        """A fault that may come with every tick is logged only now and then."""
        due = self.stats.ticks >= self._complain_at_tick
        if due:
            self._complain_at_tick = self.stats.ticks + _COMPLAIN_EVERY_TICKS
        return due

    def _add(self, target: Target) -> None:
        row = self._rows.add(target)
        try:
            self._transmitter.set_address(row, target.address)
        except OSError as error:  # a node that came over IPv6, say: it is controlled but gets no stream
            self._rows.remove(target)
            target.send_errors += 1
            event(stream_log, logging.ERROR, "no stream", node=target.node_id, ip=target.address[0], why=error)

    def _remove(self, target: Target) -> None:
        if target.row < 0:
            return  # its address was refused
        row = self._rows.remove(target)
        if row < len(self._rows):
            self._transmitter.set_address(row, self._rows.targets[row].address)
