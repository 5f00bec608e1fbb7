"""Builds every hardware object a node needs from its configuration. The one place that knows which exists where."""

import gc

import machine

from lightwave.compat import first_importable
from lightwave.packets import PACKET_SIZE, TS_SIZE
from lightwave_hw.audio import Microphone
from lightwave_hw.audio_task import TaskMicrophone
from lightwave_hw.clock import Clock
from lightwave_hw.datagram import NativeReceiver, NativeTimeSocket, StockReceiver, StockTimeSocket
from lightwave_hw.leds_native import NativeLedPort
from lightwave_hw.leds_stock import StockLedPort
from lightwave_hw.station import Station
from lightwave_hw.tcp import Connection
from lightwave_hw.update_port import UpdatePort
from lightwave_node.config import NATIVE, ConfigError
from lightwave_node.silence import Silence

try:
    import _lightwave
except ImportError:  # stock MicroPython: no sound analysis, and sockets as they come
    _lightwave = None


class Board:
    """clock, kernels, station, leds, receiver, time_socket, audio, update_port; `connect` opens a TCP connection."""

    thread_stack_bytes = 8192  # the deepest thread, the render loop, is nine Python calls deep
    python_core = 1  # where the ESP32 port pins all of Python's threads

    def __init__(self, config):
        self.clock = Clock()
        self.kernels = first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels")
        self.station = Station(config.ssid, config.password)
        # By feature, not by presence: the loadable _lightwave.mpy for stock MicroPython has the analysis alone.
        self.receiver = NativeReceiver(_lightwave) if _has("recv_into") else StockReceiver(PACKET_SIZE)
        self.time_socket = NativeTimeSocket(_lightwave) if _has("recv_into") else StockTimeSocket(TS_SIZE)
        self.connect = Connection
        self.update_port = UpdatePort()
        self.leds = self._led_port(config)
        self.audio = self._microphone(config)

    def heap_free(self):
        return gc.mem_free()

    def close(self):
        self.audio.close()
        self.leds.close()
        self.station.close()

    def _led_port(self, config):
        if config.led_port != NATIVE:
            return StockLedPort(self.clock, self.kernels, config.pins, config.leds)
        _require("led_port", "leds_start")
        return NativeLedPort(_lightwave, self.clock, config.pins, config.leds)

    def _microphone(self, config):
        if not config.audio:
            return Silence("off in the configuration")
        if config.audio_port == NATIVE:
            _require("audio_port", "audio_task_start")
            return TaskMicrophone(_lightwave, config.mic_pins, config.audio_settings)
        if not _has("audio_process"):
            return Silence("this MicroPython has no _lightwave module")
        return Microphone(_lightwave, self.clock, config.mic_pins, config.audio_settings, self.python_core)


def _has(function):
    return hasattr(_lightwave, function)


def _require(field, function):
    if not _has(function):
        raise ConfigError(field, "is native, which this firmware is not built with; stock runs everywhere")


def reset():
    """Start over, as after power on."""
    machine.reset()
