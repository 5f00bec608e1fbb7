"""The stream and the frame allocate nothing. On MicroPython the heap is locked, so an allocation is a MemoryError."""

from node_support import Datagrams, Node, Sound, locked_timesync

from lightwave import packets
from lightwave.compat import MICROPYTHON, first_importable, heap_lock, heap_unlock
from lightwave_node import effects, kernels
from lightwave_node.fallback import HOLD, IDLE, LIVE
from lightwave_node.hearing import HUB, OWN


class no_allocation:
    def __enter__(self):
        heap_lock()

    def __exit__(self, kind, error, traceback):
        heap_unlock()
        return False


def chosen_kernels():
    return first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels") if MICROPYTHON else kernels


def node_with_a_show(**options):
    node = Node(lengths=(40, 23), chosen_kernels=chosen_kernels(), **options)
    node.hear(Datagrams().state(0))
    for _ in range(3):
        node.renderer.frame()
    return node


def check_frames(node, datagrams, frames=20):
    """The hub's datagrams and then frames, without a byte."""
    with no_allocation():
        for datagram in datagrams:
            node.hear(datagram)
            node.renderer.frame()
        for _ in range(frames):
            node.renderer.frame()


def sent(count, make, seq=1):
    """Copies of what `make(datagrams, number)` builds, numbered from `seq`."""
    datagrams = Datagrams()
    datagrams.seq = seq
    return [make(datagrams, i) for i in range(count)]


def test_the_locked_heap_would_tell():
    caught = not MICROPYTHON
    with no_allocation():
        try:
            bytearray(100)
        except MemoryError:
            caught = True
    assert caught


def test_stream_of_every_type():
    node = node_with_a_show()
    check_frames(node, sent(12, lambda hub, i: hub.beat(i * 10000)))
    check_frames(node, sent(3, lambda hub, i: hub.heartbeat(1000000 + i), seq=20))
    check_frames(node, sent(3, lambda hub, i: hub.state(2000000 + i, edge=i), seq=30))
    check_frames(node, sent(3, lambda hub, i: hub.edge(3000000 + i, edge=7), seq=40))
    assert node.stream.bad_packets == 0
    assert node.stream.duplicate_edges == 2


def test_bad_datagrams():
    node = node_with_a_show()
    wrong_token = Datagrams("another-hubs-token").heartbeat(0)
    with no_allocation():
        for _ in range(5):
            node.hear(wrong_token)
            node.stream.handle(3, 0)
            node.stream.handle(65, 0)
    assert node.stream.bad_packets == 15


def test_every_effect():
    for effect in range(len(effects.NAMES)):
        for palette in (0, 3):
            check_look(effect=effect, palette=palette, flags=packets.FLAG_ENABLED | packets.FLAG_MIRROR)


def check_look(**look):
    node = node_with_a_show()
    check_frames(node, sent(2, lambda hub, i: hub.edge(i, edge=i + 1, blur=100 * i, hue=77 * i, **look)))
    assert node.renderer.applied == 2


def test_fades_and_beats_and_a_queue_full():
    node = node_with_a_show()
    check_frames(node, sent(2, lambda hub, i: hub.edge(i, edge=i + 1, fade_ms=150, hue=100 * i)))
    check_frames(node, sent(20, lambda hub, i: hub.beat(i * 10000, phase=i * 1000, beat=i), seq=10))
    many = sent(
        90, lambda hub, i: hub.edge(0, edge=i + 3, kind=packets.PARAM_DELTA, mask=packets.MASK_HUE, hue=i), seq=40
    )
    with no_allocation():
        for datagram in many:
            node.hear(datagram)
        node.renderer.frame()
    assert node.queue.coalesced + node.queue.dropped > 0


def test_locked_and_slewing():
    node = node_with_a_show(timesync=locked_timesync(offset=123456), now=0)
    check_frames(node, sent(5, lambda hub, i: hub.edge(i * 10000, edge=i + 1)), frames=200)
    assert node.grid.aligned


def test_fallback_and_back():
    node = node_with_a_show()
    node.fallback._idle_us = 1000000
    modes = []
    check_frames(node, sent(1, lambda hub, i: hub.state(i)), frames=1)
    modes.append(node.fallback.mode)
    check_frames(node, [], frames=35)
    modes.append(node.fallback.mode)
    check_frames(node, [], frames=60)
    modes.append(node.fallback.mode)
    later = Datagrams()
    later.seq = 1000
    check_frames(node, [later.state(9)], frames=5)
    modes.append(node.fallback.mode)
    assert modes == [LIVE, HOLD, IDLE, LIVE]


def test_the_own_beat_and_changes_of_source():
    sound = Sound()
    node = node_with_a_show(audio=sound)
    datagrams = sent(4, lambda hub, i: hub.beat(i * 10000, phase=i * 1000, beat=i))
    sources = []
    for part in range(3):
        with no_allocation():
            for number in range(100):
                sound.beat(9700, 65535, number * 650 & 0xFFFF, 5 + part)
                sound.hop(node.clock.now(), silent=part == 2)
                if part == 1 and number >= 96:
                    node.hear(datagrams[number - 96])
                node.renderer.frame()
        sources.append(node.hearing.source)
    assert sources == [OWN, HUB, OWN]
    assert node.fallback.mode == HOLD


def test_the_wrap_of_local_and_hub_time():
    lap = 1 << 30
    node = node_with_a_show(timesync=locked_timesync(offset=lap - 300000, now=lap - 1000000), now=lap - 1000000)
    check_frames(node, sent(2, lambda hub, i: hub.edge(lap - 700000 + i, edge=i + 1)), frames=200)
    assert node.renderer.applied == 2
