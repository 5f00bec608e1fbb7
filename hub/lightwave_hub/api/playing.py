"""Playing what is stored: scenes, cue lists, panic."""

from aiohttp import web

from lightwave_hub.api import answers, requests
from lightwave_hub.api.moment import moment_of
from lightwave_hub.api.route import Route
from lightwave_hub.keys import SHOW


async def play_scene(request: web.Request, body: requests.PlayScene) -> web.Response:
    when = moment_of(request.app, body)
    edges = request.app[SHOW].player.play(request.match_info["id"], when, body.fade_ms)
    return web.json_response({"edges": edges})


async def go(request: web.Request) -> web.Response:
    """Start a list, or begin its next cue at once."""
    request.app[SHOW].player.go(request.match_info["id"])
    return _cue_list(request)


async def back(request: web.Request) -> web.Response:
    request.app[SHOW].player.back(request.match_info["id"])
    return _cue_list(request)


async def stop(request: web.Request) -> web.Response:
    request.app[SHOW].player.stop(request.match_info["id"])
    return _cue_list(request)


def _cue_list(request: web.Request) -> web.Response:
    return web.json_response(request.app[SHOW].player.describe(request.match_info["id"]))


async def show_playing(request: web.Request) -> web.Response:
    return web.json_response(request.app[SHOW].player.playing())


async def show_panic(request: web.Request) -> web.Response:
    return web.json_response({"on": request.app[SHOW].panic.on})


async def set_panic(request: web.Request, body: requests.Panic) -> web.Response:
    panic = request.app[SHOW].panic
    if body.on:
        panic.press()
    else:
        panic.release()
    return await show_panic(request)


_CUES = "/api/cues/{id}/"
ROUTES = (
    Route(
        "POST", "/api/scenes/{id}/play", play_scene, "play", "begin a scene",
        requests.PlayScene, answers.Edges, may_be_empty=True,
    ),
    Route(
        "POST", _CUES + "go", go, "play", "start a cue list, or begin its next cue at once",
        answer=answers.CueListState,
    ),
    Route("POST", _CUES + "back", back, "play", "begin the cue before this one again", answer=answers.CueListState),
    Route(
        "POST", _CUES + "stop", stop, "play", "let nothing of the list begin any more; what it plays stays",
        answer=answers.CueListState,
    ),
    Route("GET", "/api/playing", show_playing, "view", "scenes and cue lists that play", answer=answers.PlayingInfo),
    Route("GET", "/api/panic", show_panic, "view", "whether panic is on", answer=answers.PanicState),
    Route(
        "POST", "/api/panic", set_panic, "play",
        "dark at once, cue lists stopped and the schedule held until it is released", requests.Panic,
        answers.PanicState,
    ),
)  # fmt: skip
