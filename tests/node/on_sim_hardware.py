"""lightwave_hw on the SIM board: waits, datagrams and LED frames, with the heap locked where a frame needs it."""

import os
import socket

from node_support import Datagrams, Node

from lightwave import ticks
from lightwave.compat import first_importable, heap_lock, heap_unlock
from lightwave.packets import PACKET_SIZE
from lightwave_hw.clock import Clock
from lightwave_hw.datagram import NativeReceiver, StockReceiver
from lightwave_hw.leds_stock import StockLedPort

ADDRESS = ".".join([str(byte) for byte in b"\x7f" + os.urandom(2) + b"\x01"])  # nobody else's
PORT = 49152


def kernels():
    return first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels")


def sender():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect(socket.getaddrinfo(ADDRESS, PORT)[0][-1])
    return udp


def test_waits_end_when_they_shall():
    clock = Clock()
    for wait_us in (0, 300, 2500, 12000):
        deadline = ticks.add(clock.now(), wait_us)
        clock.sleep_until(deadline)
        assert not ticks.before(clock.now(), deadline)
    clock.sleep_until(ticks.add(clock.now(), -5000))


def test_waits_allocate_nothing():
    clock = Clock()
    heap_lock()
    try:
        for _ in range(5):
            clock.sleep_towards(ticks.add(clock.now(), 3000))
            clock.sleep_until(ticks.add(clock.now(), 5000))
    finally:
        heap_unlock()


def check_receiver(receiver):
    receiver.open(ADDRESS, PORT)
    hub = sender()
    datagram = Datagrams().heartbeat(5)
    buf = bytearray(PACKET_SIZE + 1)
    for _ in range(3):
        hub.write(datagram)
    heap_lock()
    try:
        lengths = (receiver.receive(buf) == PACKET_SIZE) + (receiver.receive(buf) == PACKET_SIZE)
    finally:
        heap_unlock()
    assert lengths == 2
    assert receiver.receive(buf) == PACKET_SIZE
    assert buf[:PACKET_SIZE] == datagram
    assert receiver.receive(buf) == -1  # nothing more within its 0.1 s
    receiver.close()
    receiver.close()
    hub.close()


def test_native_receiver():
    import _lightwave

    check_receiver(NativeReceiver(_lightwave))


def test_stock_receiver():
    check_receiver(StockReceiver(PACKET_SIZE))


def test_native_receiver_knows_other_lengths():
    import _lightwave

    receiver = NativeReceiver(_lightwave)
    receiver.open(ADDRESS, PORT)
    hub = sender()
    buf = bytearray(PACKET_SIZE + 1)
    hub.write(b"short")
    hub.write(bytes(100))
    assert [receiver.receive(buf) for _ in range(2)] == [5, 65]
    receiver.close()
    hub.close()


def test_frames_on_both_strips_allocate_nothing():
    clock = Clock()
    leds = StockLedPort(clock, kernels(), [5, 4], [60, 30])
    node = Node(lengths=(60, 30), chosen_kernels=kernels(), clock=clock, leds=leds)
    node.hear(Datagrams().state(0))
    for _ in range(3):
        node.renderer.frame()
    heap_lock()
    try:
        for _ in range(20):
            node.renderer.frame()
    finally:
        heap_unlock()
    assert leds.shown == [23, 23] and leds.busy == 0
    leds.dark()
    leds.close()
