"""The node: every stage made once and joined to its neighbours. The only file that knows their order.

stream --> queue --> renderer --> strips --> LED port          threads: stream, render, audio
microphone --> analysis --> snapshot --^                       main thread: control
control (WebSocket) --> time sync --> frame grid --^
"""

import _thread

from lightwave.apply_queue import ApplyQueue
from lightwave.beat import BeatClock
from lightwave.compat import const
from lightwave.timesync import TimeSync
from lightwave_node import VERSION, effects, palettes
from lightwave_node.black_box import BlackBox
from lightwave_node.control import Control
from lightwave_node.fallback import Fallback
from lightwave_node.frame_grid import FrameGrid
from lightwave_node.hearing import Hearing
from lightwave_node.preview import Preview
from lightwave_node.renderer import Renderer
from lightwave_node.show_state import CHANNELS, ShowState
from lightwave_node.stream import Stream
from lightwave_node.strip import Strip
from lightwave_node.telemetry import Telemetry
from lightwave_node.time_pings import TimePings
from lightwave_node.updates import Updates

_STOP_TIMEOUT_MS = const(1000)
_STOP_LOOK_MS = const(10)


class Pipeline:
    """`run` on the main thread; it returns after `stop`, and raises what ended it otherwise."""

    def __init__(self, config, board):
        self._board = board
        clock = board.clock
        timesync = TimeSync()
        queue = ApplyQueue()
        grid = FrameGrid(config.fps, clock.now(), timesync)
        show = ShowState()
        gradients = palettes.gradients()
        strips = [Strip(board.kernels, length, effects.EFFECTS, gradients) for length in config.leds]
        for strip in strips:
            strip.flashes.unlimited = config.strobe_unlimited
        fallback = Fallback(config.idle_after_s * 1000, grid.frame_us, effects.names())
        hearing = Hearing(board.audio, BeatClock(), board.kernels)
        self.stream = Stream(clock, board.receiver, queue)
        self.renderer = Renderer(
            clock, grid, timesync, self.stream, queue, hearing, show, strips, fallback, board.leds, config.lead_us
        )
        telemetry = Telemetry(
            clock, timesync, self.stream, queue, self.renderer, fallback, board.leds, board.audio, board.heap_free,
            config.print_rates,
        )  # fmt: skip
        self.black_box = BlackBox(config, clock, telemetry.line, telemetry.sound, lambda: telemetry.uptime_s)
        self.black_box.event("[BOOT] %s" % VERSION)
        telemetry.black_box = self.black_box
        identity = {
            "mac": board.station.mac(),
            "fw": VERSION,
            "caps": {
                "udp": True,
                "ota": config.update_key != "",
                "clock": True,
                "tsUdp": True,
                "board": config.board,
                "preview": True,
            },
            "topo": {"leds": sum(config.leds), "channels": len(config.leds)},
        }
        pings = TimePings(clock, timesync, board.time_socket, config.hub_host)
        self.updates = Updates(
            config, clock, board.update_port, board.connect, board.station, timesync, telemetry, fallback
        )
        catalog = {"effects": effects.names(), "palettes": palettes.names()}
        self.control = Control(
            config, clock, board.kernels, board.station, board.connect, timesync, pings, self.stream, telemetry,
            identity, catalog, self._check, self.updates, self.black_box,
            Preview(clock, board.kernels, strips),
        )  # fmt: skip
        self._threads = []  # [still running], one for each
        self._failure = None
        assert len(strips) <= CHANNELS

    def run(self):
        """Start the threads and hold the control plane until `stop`, Ctrl-C, or a thread's failure."""
        try:
            _thread.stack_size(self._board.thread_stack_bytes)
            for body in (self.renderer.run, self.stream.run, self._board.audio.run):
                if body is not None:
                    thread = [True]
                    self._threads.append(thread)
                    _thread.start_new_thread(self._guard, (body, thread))
            self.control.run()
        except Exception as error:
            self.black_box.event("[BOOT] failed: %r" % error)
            raise
        finally:
            self.stop()
            self.black_box.close()
        self._check()

    def stop(self):
        """End all threads, LEDs dark, and let go of the hardware."""
        self.control.running = self.renderer.running = self.stream.running = False
        self._board.audio.stop()
        waited_ms = 0
        while any([thread[0] for thread in self._threads]) and waited_ms < _STOP_TIMEOUT_MS:
            self._board.clock.sleep_ms(_STOP_LOOK_MS)
            waited_ms += _STOP_LOOK_MS
        if waited_ms >= _STOP_TIMEOUT_MS:
            print("[BOOT] a thread did not end within %d ms" % _STOP_TIMEOUT_MS)
        else:
            self._board.close()

    def _guard(self, body, thread):
        """A thread: its failure is the node's failure, raised on the main thread."""
        try:
            body()
        except BaseException as error:  # whatever it is, nobody else would ever see it
            self._failure = error
        finally:
            thread[0] = False

    def _check(self):
        self.updates.watch()
        if self._failure is not None:
            raise self._failure
