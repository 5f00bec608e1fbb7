"""The OSC addresses: one table, each line what /api offers under a similar name."""

from collections.abc import Callable

from aiohttp import web

from lightwave_hub import catalog
from lightwave_hub.conductor import CHANNELS, Conductor
from lightwave_hub.keys import CONDUCTOR, NODES, SHOW
from lightwave_hub.registry import NodeTable
from lightwave_hub.rules import ZeroOr
from lightwave_hub.show.service import ShowService
from lightwave_hub.show_clock import MAX_BPM, MIN_BPM
from lightwave_hub.tempo.desk import TempoDesk
from lightwave_hub.tempo.limits import MAX_NUDGE_MS, MAX_NUDGE_PCT
from lightwave_hub.tempo.osc import Arguments, Command, OscError, number, pressed, switch, text

_BPM = ZeroOr(MIN_BPM, MAX_BPM)


def commands(app: web.Application, desk: TempoDesk) -> dict[str, Command]:
    """Every address and what it does. Addresses are matched exactly: patterns would play what nobody meant."""
    conductor, table = app[CONDUCTOR], app[NODES]

    def show() -> ShowService:
        return app[SHOW]

    return {
        "/k1/tempo": lambda arguments: desk.set_tempo(_bpm(arguments)),
        "/k1/tap": lambda arguments: _if_pressed(arguments, desk.tap),
        "/k1/nudge": lambda arguments: desk.nudge_us(round(1000 * number(arguments, -MAX_NUDGE_MS, MAX_NUDGE_MS))),
        "/k1/nudge/pct": lambda arguments: desk.nudge_pct(number(arguments, -MAX_NUDGE_PCT, MAX_NUDGE_PCT)),
        "/k1/downbeat": lambda arguments: _if_pressed(arguments, desk.downbeat),
        "/k1/source": lambda arguments: desk.choose(text(arguments)),
        "/k1/scene": lambda arguments: show().player.play(text(arguments)),
        "/k1/cue/go": lambda arguments: show().player.go(text(arguments)),
        "/k1/cue/back": lambda arguments: show().player.back(text(arguments)),
        "/k1/cue/stop": lambda arguments: show().player.stop(text(arguments)),
        "/k1/panic": lambda arguments: show().panic.press() if switch(arguments) else show().panic.release(),
        "/k1/effect": lambda arguments: _effect(conductor, table, arguments),
        "/k1/master": lambda arguments: conductor.master(value=_level(arguments)),
        "/k1/blackout": lambda arguments: conductor.master(lit=not switch(arguments)),
    }


def _bpm(arguments: Arguments) -> float:
    bpm = number(arguments, 0, MAX_BPM)
    return float(_BPM.check(bpm, "tempo"))


def _if_pressed(arguments: Arguments, act: Callable[[], object]) -> None:
    if pressed(arguments):
        act()


def _level(arguments: Arguments) -> int:
    """A whole number is 0..255, a float 0..1: what faders send."""
    value = number(arguments, 0, 255)
    if isinstance(value, int):
        return value
    if value > 1:
        raise OscError("takes a whole number 0..255 or a float 0..1")
    return round(255 * value)


def _effect(conductor: Conductor, table: NodeTable, arguments: Arguments) -> None:
    """A name or number of an effect, and perhaps the channels: a, b or ab."""
    if not 1 <= len(arguments) <= 2 or isinstance(arguments[0], bool) or not isinstance(arguments[0], str | int):
        raise OscError("takes the name or number of an effect, then perhaps a, b or ab")
    channels = arguments[1] if len(arguments) == 2 else "ab"
    if channels not in CHANNELS:
        raise OscError("takes a, b or ab for channels")
    conductor.scene(CHANNELS[channels], catalog.effect_id(table.nodes(), arguments[0]))
