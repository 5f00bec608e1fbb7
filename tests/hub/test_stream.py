"""Rows, transmitters and the fan-out, into real sockets."""

import errno
import socket
import threading

import pytest

from lightwave import packets
from lightwave_hub.conductor import Conductor
from lightwave_hub.datagrams import DatagramRows, Target
from lightwave_hub.fanout import FanOut
from lightwave_hub.part import Block, Scores
from lightwave_hub.show_clock import Beat, ShowClock
from lightwave_hub.tick_stats import PERIOD_US, TickStats, percentiles
from lightwave_hub.transmit import Failure, SendmmsgTransmitter, SendtoTransmitter, open_transmitter
from tests.hub.support import Receiver, decode, mac

TICK_US = 10_000


def make_conductor():
    return Conductor(Scores(Block(), Block(), 255), ShowClock())


def make_target(number, address=("127.0.0.1", 9)):
    return Target(number, mac(number), address, 0xA0B0C000 + number)


@pytest.fixture
def receivers():
    made = [Receiver(f"127.0.0.{number}") for number in (1, 2, 3)]
    yield made
    for receiver in made:
        receiver.close()


@pytest.fixture(params=[SendmmsgTransmitter, SendtoTransmitter])
def transmitter(request):
    """A maker of each kind of transmitter; all made are closed."""
    made = []

    def make(memory, capacity):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        made.append(request.param(sock, memory, capacity))
        return made[-1]

    yield make
    for transmitter in made:
        transmitter.close()


class TestRows:
    def fill(self, rows, kind=packets.HEARTBEAT):
        datagram = bytearray(packets.PACKET_SIZE)
        packets.pack_header(datagram, kind, 0, 0, 0, 5, 6)
        rows.fill(0, len(rows), datagram * len(rows))
        size = packets.PACKET_SIZE
        return [decode(rows.memory[row * size : (row + 1) * size]) for row in range(len(rows))]

    def test_only_sequence_and_token_differ(self):
        rows = DatagramRows(8)
        for number in (1, 2, 3):
            rows.add(make_target(number))
        first, second = self.fill(rows), self.fill(rows)
        assert [datagram.token_hash for datagram in first] == [0xA0B0C001, 0xA0B0C002, 0xA0B0C003]
        assert ([datagram.seq for datagram in first], [datagram.seq for datagram in second]) == ([0] * 3, [1] * 3)
        assert {datagram._replace(token_hash=0) for datagram in first} == {first[0]._replace(token_hash=0)}

    def test_a_removed_row_is_taken_by_the_last(self):
        rows = DatagramRows(8)
        targets = [make_target(number) for number in (1, 2, 3)]
        for target in targets:
            rows.add(target)
            self.fill(rows)
        assert rows.remove(targets[0]) == 0
        assert [(datagram.token_hash & 0xFF, datagram.seq) for datagram in self.fill(rows)] == [(3, 1), (2, 2)]
        rows.remove(targets[1])
        assert [datagram.token_hash & 0xFF for datagram in self.fill(rows)] == [3]
        rows.remove(targets[2])
        assert len(rows) == 0

    def test_a_sequence_wraps_at_32_bits(self):
        rows = DatagramRows(1)
        rows.add(make_target(1))
        rows._seqs[0] = 0xFFFFFFFF
        assert [self.fill(rows)[0].seq, self.fill(rows)[0].seq] == [0xFFFFFFFF, 0]

    def test_capacity(self):
        rows = DatagramRows(1)
        rows.add(make_target(1))
        with pytest.raises(IndexError):
            rows.add(make_target(2))


class TestTransmitters:
    def test_rows_go_to_their_addresses(self, transmitter, receivers):
        memory = bytearray(b"".join(bytes([row]) * packets.PACKET_SIZE for row in range(3)))
        sender = transmitter(memory, 3)
        for row, receiver in enumerate(receivers):
            sender.set_address(row, receiver.address)
        assert sender.send(0, 3) == []
        assert sender.send(1, 2) == []
        assert [[datagram.kind for datagram in receiver.waiting()] for receiver in receivers] == [[0], [1, 1], [2]]

    def test_a_row_that_fails_is_named_and_stops_no_other(self, transmitter, receivers):
        sender = transmitter(bytearray(3 * packets.PACKET_SIZE), 3)
        sender.set_address(0, receivers[0].address)
        sender.set_address(1, ("255.255.255.255", 9))  # broadcast without leave: EACCES
        sender.set_address(2, receivers[2].address)
        assert sender.send(0, 3) == [Failure(1, errno.EACCES)]
        assert [len(receiver.waiting()) for receiver in receivers] == [1, 0, 1]

    @pytest.mark.parametrize("address", ["", "fe80::1", "somewhere", "127.1"])
    def test_what_is_no_ipv4_address_is_refused(self, transmitter, address):
        with pytest.raises(OSError, match="illegal IP"):
            transmitter(bytearray(packets.PACKET_SIZE), 1).set_address(0, (address, 9))

    def test_the_machine_s_best_is_chosen(self):
        sender = open_transmitter(bytearray(packets.PACKET_SIZE), 1, "127.0.0.1")
        try:
            assert isinstance(sender, SendmmsgTransmitter | SendtoTransmitter)
        finally:
            sender.close()


class Stream:
    """A fan-out whose ticks are turned by hand."""

    def __init__(self, make_transmitter):
        self.clock = ShowClock()
        self.now_us = 0
        self.conductor = make_conductor()
        self.fanout = FanOut(self.clock, lambda: self.conductor.parts, 8, make_transmitter)

    def tick(self, count=1):
        for _ in range(count):
            self.now_us += TICK_US
            self.fanout.tick(self.now_us)


class TestTicks:
    def test_each_node_has_its_own_sequence_from_zero(self, transmitter, receivers):
        stream = Stream(transmitter)
        stream.fanout.add(make_target(1, receivers[0].address))
        stream.tick(5)
        stream.fanout.add(make_target(2, receivers[1].address))
        stream.tick(3)
        first, second = receivers[0].waiting(), receivers[1].waiting()
        assert [datagram.seq for datagram in first] == list(range(8))
        assert [datagram.seq for datagram in second] == list(range(3))
        assert {datagram.token_hash for datagram in second} == {0xA0B0C002}

    def test_several_datagrams_of_one_tick_are_numbered_one_by_one(self, transmitter, receivers):
        stream = Stream(transmitter)
        stream.fanout.add(make_target(1, receivers[0].address))
        numbers = [stream.conductor.scene(1, effect=effect)[0] for effect in range(3)]
        stream.tick()
        sent = receivers[0].waiting()
        assert [datagram.seq for datagram in sent] == [0, 1, 2, 3]
        assert [datagram.edge for datagram in sent[:3]] == numbers
        assert sent[3].kind == packets.STATE

    def test_parts_are_told_apart(self, transmitter, receivers):
        stream = Stream(transmitter)
        for number, receiver in enumerate(receivers):
            stream.fanout.add(make_target(number, receiver.address))
        stream.tick(5)
        numbers = [stream.conductor.scene(1, effect=effect, nodes=frozenset({mac(1)}))[0] for effect in (5, 6)]
        stream.tick(2)
        sent = [receiver.waiting() for receiver in receivers]
        assert [[datagram.kind for datagram in datagrams[5:]] for datagrams in (sent[0], sent[2])] == [
            [packets.HEARTBEAT] * 2
        ] * 2
        assert [datagram.edge for datagram in sent[1][5:]] == numbers * 2
        assert [[datagram.seq for datagram in datagrams] for datagrams in sent] == [
            list(range(len(datagrams))) for datagrams in sent
        ]
        tokens = [{datagram.token_hash & 0xF for datagram in datagrams} for datagrams in sent]
        assert tokens == [{0}, {1}, {2}]

    def test_a_removed_target_gets_nothing_and_the_others_keep_theirs(self, transmitter, receivers):
        stream = Stream(transmitter)
        targets = [make_target(number, receivers[number].address) for number in range(3)]
        for target in targets:
            stream.fanout.add(target)
        stream.tick(2)
        stream.fanout.remove(targets[0])
        stream.tick(2)
        sent = [receiver.waiting() for receiver in receivers]
        assert [[datagram.seq for datagram in datagrams] for datagrams in sent] == [[0, 1], [0, 1, 2, 3], [0, 1, 2, 3]]
        assert [{datagram.token_hash & 0xF for datagram in datagrams} for datagrams in sent] == [{0}, {1}, {2}]

    def test_errors_are_counted_for_the_node_and_the_others_play_on(self, transmitter, receivers):
        stream = Stream(transmitter)
        bad = make_target(1, ("255.255.255.255", 9))
        for target in (make_target(0, receivers[0].address), bad, make_target(2, receivers[2].address)):
            stream.fanout.add(target)
        stream.tick(3)
        assert (bad.send_errors, stream.fanout.stats.send_errors) == (3, 3)
        assert stream.fanout.stats.bytes_sent == 6 * packets.PACKET_SIZE
        assert [len(receiver.waiting()) for receiver in receivers] == [3, 0, 3]

    def test_an_impossible_address_harms_nobody(self, transmitter, receivers):
        stream = Stream(transmitter)
        bad = make_target(1, ("fe80::1", 9))
        for target in (bad, make_target(0, receivers[0].address)):
            stream.fanout.add(target)
        stream.tick(2)
        stream.fanout.remove(bad)
        stream.tick()
        assert len(receivers[0].waiting()) == 3

    def test_a_show_without_nodes_moves_on(self, transmitter):
        stream = Stream(transmitter)
        for effect in range(200):
            stream.conductor.scene(1, effect=effect)
            stream.tick(3)
        assert stream.conductor.tutti.backlog() == 0


class SlowTransmitter:
    """Sends nothing, and takes a tick and a half for it when told to."""

    def __init__(self):
        self.slow = 0
        self.sends = 0
        self.enough = threading.Event()
        self._never = threading.Event()

    def set_address(self, row, address):
        pass

    def send(self, first, end):
        self.sends += 1
        if self.slow:
            self.slow -= 1
            self._never.wait(1.5 * PERIOD_US / 1e6)
        if self.sends >= 60:
            self.enough.set()
        return []

    def close(self):
        pass


class TestThread:
    @pytest.fixture
    def running(self):
        """A running fan-out with one target and a transmitter to be slowed."""
        sender, parts = SlowTransmitter(), make_conductor().parts
        deadlines = []
        parts.fill = lambda now_us, beat, fill=parts.fill: deadlines.append(now_us) or fill(now_us, beat)
        fanout = FanOut(ShowClock(), lambda: parts, 4, lambda memory, capacity: sender, real_time=False)
        fanout.add(make_target(1))
        yield fanout, sender, deadlines
        fanout.stop()

    def test_a_slow_send_costs_whole_ticks_and_never_lags(self, running):
        fanout, sender, deadlines = running
        sender.slow = 5
        fanout.start()
        assert sender.enough.wait(30)
        stats = fanout.stats
        assert stats.overruns >= 5
        assert stats.skipped >= 2, "late by less than a period is still sent, by more is skipped"
        assert all(deadline % PERIOD_US == 0 for deadline in deadlines)
        steps = {(later - earlier) // PERIOD_US for earlier, later in zip(deadlines, deadlines[1:], strict=False)}
        assert min(steps) >= 1, "no tick is ever sent twice or caught up"
        assert sum((b - a) // PERIOD_US - 1 for a, b in zip(deadlines, deadlines[1:], strict=False)) <= stats.skipped

    def test_an_exception_in_a_tick_is_counted_and_the_stream_goes_on(self, running):
        fanout, sender, _ = running
        parts = fanout._parts()
        fill = parts.fill

        def fail_once(now_us, beat):
            parts.fill = fill
            raise RuntimeError("a bad tick")

        parts.fill = fail_once
        fanout.start()
        assert sender.enough.wait(30)
        assert fanout.stats.failures == 1

    def test_health(self, running):
        fanout, sender, _ = running
        assert not fanout.alive(fanout._clock.now_us())
        fanout.start()
        assert sender.enough.wait(30)
        now_us = fanout._clock.now_us()
        assert fanout.alive(now_us)
        assert not fanout.alive(now_us + 2_000_000)
        fanout.stop()
        assert not fanout.alive(now_us)


class TestStats:
    def test_lateness_hz_and_overruns(self):
        stats = TickStats()
        for tick in range(1, 101):
            stats.note(tick * PERIOD_US, tick * PERIOD_US + tick, tick * PERIOD_US + (PERIOD_US if tick > 98 else 500))
        assert stats.lateness_us(50, 99) == [51, 100]
        assert stats.send_us(50) == [500]
        assert (stats.overruns, stats.ticks) == (2, 100)
        assert stats.hz(101 * PERIOD_US) == 100.0
        assert stats.hz(201 * PERIOD_US) < 55, "a stream that stopped has no full rate"

    def test_nothing_measured_is_none(self):
        assert TickStats().lateness_us(50, 99) == [None, None]
        assert TickStats().hz(5) == 0.0
        assert percentiles([7], (0, 50, 100)) == [7, 7, 7]

    def test_a_beat_is_three_numbers(self):
        assert tuple(Beat(1, 2, 3)) == (1, 2, 3)
