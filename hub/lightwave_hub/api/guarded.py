"""Before every handler: whether whoever asks may."""

from aiohttp import web
from aiohttp.typedefs import Handler

from lightwave_hub.access.guard import GUARD, Refusal
from lightwave_hub.api.problems import problem


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What has no route is answered as that, whoever asks."""
    if request.match_info.http_exception is not None:
        return await handler(request)
    guard = request.app[GUARD]
    try:
        who = guard.judge(request)
        return await guard.pass_on(request, who, handler)
    except Refusal as refusal:
        answer = problem(refusal.status, refusal.detail)
        answer.headers.update(refusal.headers)
        return answer
