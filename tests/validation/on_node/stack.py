"""Runs on the node, at its REPL, behind show.py and tests/node/node_support.py: how much stack threads and workers
leave. Each function returns what its test judges."""

import _thread
import time
from array import array

import micropython

from lightwave import packets
from lightwave.compat import first_importable
from lightwave_hw.board import Board
from lightwave_node import effects, pipeline

try:
    from node_support import Datagrams, FakeClock, FakeLeds, Node, locked_timesync
    from show import TICK_MS, ScriptedHub, read_config, run_show
except ImportError:
    pass  # a node has no such files; it has read their lines just before these

KERNELS = first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels")
QUEUE = 64
STACK_STEP = 128
BLOCKS, BLOCKS_TIMEOUT_MS = 5, 2000
LENGTHS = (180, 180)
FRAMES_TO_APPLY = 6  # edges come 30 ms ahead


def in_a_thread(body):
    """body() on a stack of the size that the application gives its threads: what it returns or raises."""
    result = []
    done = _thread.allocate_lock()
    done.acquire()

    def run():
        try:
            result.append(body())
        except BaseException as error:
            result.append(error)
        done.release()

    _thread.stack_size(Board.thread_stack_bytes)
    _thread.start_new_thread(run, ())
    done.acquire()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def burn(used, body):
    """body() once so much of the stack is taken. These frames stand for those between a thread's start and body."""
    if micropython.stack_use() >= used:
        return body()
    return burn(used, body)


def room(make_pass):
    """How many bytes of a thread's stack can be taken away so that a pass still runs, to STACK_STEP."""

    def runs_without(taken):
        body = make_pass()  # a new one each time: what ran out of stack may be half done
        try:
            in_a_thread(lambda: burn(micropython.stack_use() + taken, body))
        except RuntimeError:
            return False
        return True

    enough, too_much = 0, Board.thread_stack_bytes
    while too_much - enough > STACK_STEP:
        middle = (enough + too_much) // 2
        if runs_without(middle):
            enough = middle
        else:
            too_much = middle
    return enough


def stack_left(make_pass):
    """Bytes of a thread's stack that a pass never touches. What the interpreter holds back for itself counts as left:
    it differs from port to port, and a pass does not get it."""
    used = room(lambda: micropython.stack_use) - room(make_pass)  # a function in C asks for no stack
    return Board.thread_stack_bytes - in_a_thread(micropython.stack_use) - used


class ThreadRecorder:
    """Stands for _thread in pipeline.py: notes the stack size in force whenever a thread starts."""

    def __init__(self):
        self.sizes = []
        self._size = 0

    def stack_size(self, size):
        self._size = size
        _thread.stack_size(size)

    def start_new_thread(self, function, arguments):
        self.sizes.append(self._size)
        _thread.start_new_thread(function, arguments)


def thread_stack_sizes(**changed):
    """The size set for each thread that the application starts; 0 would be the port's default."""
    pipeline._thread = recorder = ThreadRecorder()
    try:
        run_show(read_config(**changed), ScriptedHub(), lambda show: time.sleep_ms(100))
    finally:
        pipeline._thread = _thread
    return recorder.sizes


def render_pass():
    """Frames of every effect, mirrored and blurred, while a fade runs. The LEDs and the clock are stand-ins."""
    node = Node(lengths=LENGTHS, fps=120, chosen_kernels=KERNELS, timesync=locked_timesync())
    hub = Datagrams()
    flags = packets.FLAG_ENABLED | packets.FLAG_MIRROR

    def run():
        for effect in range(len(effects.NAMES)):
            now = node.clock.now()
            node.hear(hub.beat(now))
            node.hear(hub.edge(now, hub.seq, effect=effect, blur=200, palette=3, flags=flags, fade_ms=500))
            for _ in range(FRAMES_TO_APPLY):
                node.renderer.frame()
        assert node.renderer.applied == len(effects.NAMES)

    return run


def stream_pass():
    """The longest way through the stream: the queue is full, and the packet takes the place of an older one."""
    node = Node(lengths=(8, 8))
    hub = Datagrams()

    def hear(mask):
        node.hear(hub.edge(0, hub.seq, kind=packets.PARAM_DELTA, mask=mask))

    def run():
        for _ in range(QUEUE):
            hear(packets.MASK_HUE)
        hear(packets.MASK_HUE)
        hear(packets.MASK_BLUR)
        assert (node.queue.coalesced, node.queue.dropped) == (1, 1)

    return run


def audio_blocks_with(taken):
    """Blocks that the stock audio thread analyses where that many bytes more of its stack are taken."""
    microphone = Board(read_config(audio_port="stock")).audio

    def stop():
        waited_ms = 0
        while microphone.hops < BLOCKS and waited_ms < BLOCKS_TIMEOUT_MS:
            time.sleep_ms(TICK_MS)
            waited_ms += TICK_MS
        microphone.stop()

    _thread.start_new_thread(stop, ())
    in_a_thread(lambda: burn(micropython.stack_use() + taken, microphone.run))
    return microphone.hops


def render_stack_use(frames):
    """[stack in use where frames are handed over, after some frames; the most in `frames` more]."""
    used = [0, 0]

    class ProbeLeds(FakeLeds):
        def show(self, at):
            use = micropython.stack_use()
            if use > used[1]:
                used[1] = use
            return FakeLeds.show(self, at)

    clock = FakeClock()
    node = Node(lengths=(60, 60), chosen_kernels=KERNELS, clock=clock, leds=ProbeLeds(clock))
    hub = Datagrams()
    node.hear(hub.state(0))

    def run():
        for _ in range(20):
            node.renderer.frame()
        used[0] = used[1]
        for i in range(frames):
            node.hear(hub.edge(0, hub.seq, effect=i % len(effects.NAMES), fade_ms=100))
            node.renderer.frame()
        return used

    return in_a_thread(run)


# ---- native workers -----------------------------------------------------------------------------------------------


def worker_stacks():
    """[LED worker's free stack, audio worker's]."""
    import _lightwave

    leds, audio = array("I", [0] * 11), array("I", [0] * 8)
    _lightwave.leds_stats(leds)
    _lightwave.audio_task_stats(audio)
    return [leds[9], audio[2]]


def worker_stacks_over(frames):
    """worker_stacks() after some short frames and after `frames` more, at the greatest pace."""
    import _lightwave

    _lightwave.leds_start(5, 8, 4, 8)
    _lightwave.audio_task_start(14, 12, 13, 16000, 128)
    try:
        show_short_frames(_lightwave, 50)
        before = worker_stacks()
        show_short_frames(_lightwave, frames)
        return [before, worker_stacks()]
    finally:
        _lightwave.leds_stop()
        _lightwave.audio_task_stop()


def show_short_frames(native, frames):
    wire = bytearray(24)
    shown = 0
    while shown < frames:
        if native.leds_show(wire, wire, time.ticks_us()) >= 0:
            shown += 1
        else:
            time.sleep_us(200)
