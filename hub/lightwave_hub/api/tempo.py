"""/api/tempo: the tempo, where it comes from, and the hands that may change it."""

from aiohttp import web

from lightwave.fields import Bool, Number, Optional, Text
from lightwave_hub.api.bodies import read
from lightwave_hub.errors import NoBeatError, RequestError, TempoSourceError
from lightwave_hub.keys import TEMPO
from lightwave_hub.rules import Closed, ZeroOr
from lightwave_hub.show_clock import MAX_BPM, MIN_BPM
from lightwave_hub.tempo.limits import MAX_NUDGE_MS, MAX_NUDGE_PCT

BODY = Closed(
    ("source", Optional(Text(1, 24))),
    ("bpm", Optional(ZeroOr(MIN_BPM, MAX_BPM))),
    ("tap", Optional(Bool())),
    ("nudge_ms", Optional(Number(-MAX_NUDGE_MS, MAX_NUDGE_MS))),
    ("nudge_pct", Optional(Number(-MAX_NUDGE_PCT, MAX_NUDGE_PCT))),
    ("downbeat", Optional(Bool())),
)


async def show_tempo(request: web.Request) -> web.Response:
    return web.json_response(request.app[TEMPO].describe())


async def set_tempo(request: web.Request) -> web.Response:
    """All that the body asks for, in the order of BODY. Nudges need a beat: 409."""
    body = await read(request, BODY)
    wishes = {name: value for name, value in body.items() if value is not False}
    if not wishes:
        raise RequestError("bpm", "give a tempo or a downbeat, a tap, nudge_ms, nudge_pct or source")
    desk = request.app[TEMPO]
    _choose(request, wishes)
    if "bpm" in wishes:
        desk.set_tempo(wishes["bpm"])
    if "tap" in wishes:
        desk.tap()
    try:
        if "nudge_ms" in wishes:
            desk.nudge_us(round(1000 * wishes["nudge_ms"]))
        if "nudge_pct" in wishes:
            desk.nudge_pct(wishes["nudge_pct"])
    except NoBeatError:
        field = "nudge_ms" if "nudge_ms" in wishes else "nudge_pct"
        raise RequestError(field, "there is no beat to nudge; set a tempo first", 409) from None
    if "downbeat" in wishes:
        desk.downbeat()
    return await show_tempo(request)


def _choose(request: web.Request, wishes: dict[str, object]) -> None:
    source = wishes.get("source")
    if isinstance(source, str):
        try:
            request.app[TEMPO].choose(source)
        except TempoSourceError as error:
            raise RequestError("source", str(error), 409 if error.source else 400) from None
