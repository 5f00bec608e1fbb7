"""Both microphone ports on the SIM board: what reaches the analysis when, counted in samples."""

import _thread
import time
from array import array

import _lightwave

from lightwave import ticks
from lightwave_hw.audio import Microphone
from lightwave_hw.audio_task import TaskMicrophone
from lightwave_hw.clock import Clock

PINS = {"sck": 14, "ws": 12, "sd": 13}
DMA_FRAMES = 256  # of the stock driver
TASK_FRAMES = 64  # of our task
PATIENCE_MS = 5000


def settings(hop):
    return [16000, hop, 13081, 6, 10, 80, -50, 2000]


class Watched:
    """_lightwave, with a note of every audio_process: samples, hops, when they had arrived, what is published then."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return getattr(_lightwave, name)

    def audio_process(self, buf, captured_us):
        hops = _lightwave.audio_process(buf, captured_us)
        words = array("I", bytes(_lightwave.snapshot_size()))
        _lightwave.snapshot_read(words)
        self.calls.append((len(buf) // 4, hops, captured_us, words[0], words[1]))
        return hops


def wait_for(condition):
    until = ticks.add(time.ticks_us(), PATIENCE_MS * 1000)
    while not condition():
        assert ticks.before(time.ticks_us(), until)
        time.sleep_ms(5)


def listen(hop):
    watched, ended = Watched(), []
    microphone = Microphone(watched, Clock(), PINS, settings(hop), 1)

    def body():
        microphone.run()
        ended.append(True)

    _thread.start_new_thread(body, ())
    wait_for(lambda: len(watched.calls) >= 5)
    microphone.stop()
    wait_for(lambda: ended)
    microphone.close()
    return watched.calls


def test_stock_port_gives_a_dma_block_whole_to_the_analysis():
    """So a sample waits for its block, and for its thread while the next block fills: two blocks at most."""
    for hop in (64, 128, 256):
        for number, (frames, hops, arrived, last_hop, captured) in enumerate(listen(hop)):
            assert frames == DMA_FRAMES
            assert hops == DMA_FRAMES // hop
            assert last_hop == (number + 1) * hops  # nothing is held back
            assert captured == arrived  # of the newest hop, which ends with the block


def test_task_analyses_a_hop_with_its_last_block():
    for hop in (64, 128, 256):
        stats, counts = array("I", [0] * 8), array("I", [0] * 5)
        microphone = TaskMicrophone(_lightwave, PINS, settings(hop))
        while counts[0] < 8:
            _lightwave.audio_task_stats(stats)
            blocks_before = stats[0]
            _lightwave.audio_stats(counts)
            _lightwave.audio_task_stats(stats)
            # The newest block may be under analysis just now.
            assert (blocks_before - 1) * TASK_FRAMES // hop <= counts[0] <= stats[0] * TASK_FRAMES // hop
            time.sleep_ms(4)
        microphone.close()


def test_ports_hand_the_settings_on():
    for make in (
        lambda: Microphone(_lightwave, Clock(), PINS, settings(128)[:2] + [20000], 1),
        lambda: TaskMicrophone(_lightwave, PINS, settings(128)[:2] + [20000]),
    ):
        try:
            make()
        except ValueError as error:
            assert str(error) == "lowest_chz: 20000 is not in 5500..15136 at this rate"
        else:
            raise AssertionError("accepted")
    for bad in (array("i", [0] * 7), bytes(3)):
        try:
            _lightwave.audio_start(16000, 128, bad)
        except ValueError as error:
            assert str(error).startswith("settings: ")
        else:
            raise AssertionError("accepted")
