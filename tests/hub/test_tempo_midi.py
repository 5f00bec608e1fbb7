"""MIDI clock as it comes: bytes through mido, with jitter, bunches and losses; real ports where there are any."""

import asyncio
import random
import sys
from types import ModuleType
from typing import ClassVar

import mido
import pytest

from lightwave_hub.errors import TempoSourceError
from lightwave_hub.tempo import midi_port
from lightwave_hub.tempo.midi_clock import KEPT, LEAST, SILENCE_US, MidiClock

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
BEGIN_US = 5_000_000


def song_position(sixteenths):
    return bytes((0xF2, sixteenths & 0x7F, sixteenths >> 7))


class Wire:
    """A sender at a tempo, and the hub's filter at the other end."""

    def __init__(self, bpm=120.0):
        self.clock = MidiClock()
        self.now_us = float(BEGIN_US)
        self.period_us = 60_000_000 / bpm / 24
        self._parser = mido.Parser()

    def send(self, raw, late_us=0.0):
        self._parser.feed(raw)
        for message in self._parser:
            self.clock.hear(message.type, round(self.now_us + late_us), getattr(message, "pos", 0))

    def ticks(self, count, late_us=lambda: 0.0, lost=()):
        for number in range(count):
            if number not in lost:
                self.send(CLOCK, late_us())
            self.now_us += self.period_us

    def read(self):
        return self.clock.read(round(self.now_us))


def test_tempo_and_position_after_a_start():
    wire = Wire(133.33)
    wire.send(START)
    wire.ticks(24 * 8)
    reading = wire.read()
    assert reading.bpm == pytest.approx(133.33, abs=0.001)
    assert reading.beats == pytest.approx(8, abs=1e-4)
    assert (reading.has_bar, reading.confidence) == (True, 100)


def test_a_clock_joined_under_way_tells_a_tempo_but_no_phase():
    wire = Wire()
    wire.ticks(LEAST - 1)
    assert wire.read() is None
    wire.ticks(24)
    assert (wire.read().bpm, wire.read().beats) == (pytest.approx(120), None)


def test_stop_position_and_continue():
    wire = Wire()
    wire.send(START)
    wire.ticks(36)
    wire.send(STOP)
    wire.ticks(10)
    assert wire.read().beats is None
    wire.send(CONTINUE)
    wire.ticks(12)
    assert wire.read().beats == pytest.approx(2, abs=1e-4)
    wire.send(STOP + song_position(64) + CONTINUE)
    wire.ticks(24)
    assert wire.read().beats == pytest.approx(17, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_filtered(seed):
    """Up to 4 ms late, as over USB and a busy computer; and what is told of the tempo does not waver with it."""
    told = set()
    rng = random.Random(seed)
    wire = Wire(125)
    wire.send(START)
    for _ in range(10):
        wire.ticks(KEPT, lambda: rng.uniform(0, 4000))
        reading = wire.read()
        assert reading.bpm == pytest.approx(125, rel=0.003)
        wanted = (wire.now_us - BEGIN_US) / wire.period_us / 24
        assert abs(reading.beats - wanted) * 480_000 < 4000
        assert reading.confidence >= 70
        told.add(reading.bpm)
    assert len(told) <= 3


def test_a_bunch_of_late_messages_changes_nothing():
    wire = Wire()
    wire.send(START)
    wire.ticks(48)
    for late in (3, 2, 1, 0):
        wire.send(CLOCK, late * wire.period_us)
        wire.now_us += wire.period_us
    wire.ticks(20)
    assert wire.read().bpm == pytest.approx(120, abs=0.01)
    assert wire.read().beats == pytest.approx(3, abs=1e-3)


@pytest.mark.parametrize("lost", [1, 3, 12])
def test_lost_messages_keep_the_phase(lost):
    wire = Wire()
    wire.send(START)
    wire.ticks(96, lost=range(50, 50 + lost))
    assert wire.read().bpm == pytest.approx(120, abs=0.01)
    assert wire.read().beats == pytest.approx(4, abs=1e-3)


@pytest.mark.parametrize("tempo", [60, 118, 121, 126, 180, 240])
def test_another_tempo_is_taken_within_two_beats(tempo):
    wire = Wire(120)
    wire.send(START)
    wire.ticks(96)
    wire.period_us = 60_000_000 / tempo / 24
    wire.ticks(48)
    assert wire.read().bpm == pytest.approx(tempo, rel=0.005)
    assert wire.read().beats == pytest.approx(6, abs=0.02)


def test_a_clock_that_falls_silent_is_no_longer_read_and_comes_back():
    wire = Wire()
    wire.send(START)
    wire.ticks(48)
    wire.now_us += SILENCE_US + wire.period_us
    assert wire.read() is None
    wire.ticks(24)
    assert (wire.read().bpm, wire.read().beats) == (pytest.approx(120), None), "where the song is, nobody knows"
    wire.send(START)
    wire.ticks(12)
    assert wire.read().beats == pytest.approx(0.5, abs=1e-4)


@pytest.mark.skipif(not midi_port.why_not(), reason="MIDI works here")
def test_without_alsa_it_is_said_what_is_missing():
    port = midi_port.MidiPort("", lambda: 0)
    with pytest.raises(TempoSourceError, match="ALSA sequencer|not installed"):
        port.open()
    assert midi_port.port_names() == []


class Plug(mido.ports.BaseInput):
    """What mido opens, of a module that stands for a machine's MIDI: ports come and go."""

    connected: ClassVar[list[str]] = []
    opened: ClassVar[list["Plug"]] = []

    def _open(self, callback=None, **options):
        self.callback = callback
        self.opened.append(self)

    def _close(self):
        self.opened.remove(self)


@pytest.fixture
def plugs(monkeypatch, tmp_path):
    module = ModuleType("plugs")
    module.Input = Plug
    module.get_devices = lambda **options: [
        {"name": name, "is_input": True, "is_output": False} for name in Plug.connected
    ]
    monkeypatch.setitem(sys.modules, "plugs", module)
    monkeypatch.setattr(midi_port, "_SEQUENCER", tmp_path)
    before = mido.backend
    mido.set_backend("plugs")
    Plug.connected[:] = []
    yield Plug
    mido.set_backend(before)


def test_a_port_that_is_plugged_in_pulled_out_and_plugged_in_again(plugs):
    wire = Wire()
    port = midi_port.MidiPort("Drum", lambda: round(wire.now_us))

    def play():
        for _ in range(30):
            for plug in plugs.opened:
                plug.callback(mido.Message("clock"))
            wire.now_us += wire.period_us
        return port.read(round(wire.now_us))

    plugs.connected[:] = ["Keyboard"]
    port.open()
    assert play() is None
    assert port.detail == "there is no MIDI input 'Drum'; there are: Keyboard"
    for _ in range(2):
        plugs.connected[:] = ["Keyboard", "Drum machine 20:0"]
        wire.now_us += 3_000_000
        assert port.read(round(wire.now_us)) is None
        assert play().bpm == pytest.approx(120)
        assert port.detail == "hears Drum machine 20:0"
        wire.now_us += 3_000_000
        assert port.read(round(wire.now_us)) is None
        assert port.detail == "Drum machine 20:0 sends no clock"
        plugs.connected.remove("Drum machine 20:0")
        wire.now_us += 3_000_000
        assert port.read(round(wire.now_us)) is None
        assert plugs.opened == []
    port.close()


@pytest.mark.skipif(bool(midi_port.why_not()), reason=midi_port.why_not())
async def test_a_real_port():
    loop = asyncio.get_running_loop()
    with mido.open_output("k1 test clock", virtual=True) as sender:
        port = midi_port.MidiPort(
            next(n for n in midi_port.port_names() if "k1 test clock" in n), lambda: round(loop.time() * 1e6)
        )
        port.open()
        try:
            sender.send(mido.Message("start"))
            for _ in range(30):
                sender.send(mido.Message("clock"))
                await asyncio.sleep(0.02)
            reading = port.read(round(loop.time() * 1e6))
            assert reading is not None and reading.beats is not None
        finally:
            port.close()
