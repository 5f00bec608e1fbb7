"""A route as the table has it: the application, its checks and its description follow it."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from lightwave_hub.access.tokens import Role
from lightwave_hub.api.bodies import read_model
from lightwave_hub.checked import Checked
from lightwave_hub.rules import Closed


class Route(NamedTuple):
    """`handler(request)`, or with a model as `body` `handler(request, body)`: it gets a checked one.

    A handler whose body is a Closed, or a model in `reads`, reads and checks it by itself. `answer` describes what
    comes back with `status`.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Callable[..., Awaitable[web.StreamResponse]]
    role: Role
    summary: str
    body: type[Checked] | Closed | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    reads: type[Checked] | None = None
    may_be_empty: bool = False  # no body at all is {}
    parameters: dict[str, dict[str, Any]] = {}  # JSON Schema of what stands in the path, where it is not an id
    query: dict[str, dict[str, Any]] = {}  # the same of what may stand behind it
    media: str = ""  # the type of an answer that is not JSON, or need not be
    takes: str = ""  # the type of a body that is not JSON; the handler reads it

    def register(self, app: web.Application) -> web.AbstractRoute:
        if self.method == "GET":
            return app.router.add_get(self.path, self.handler)  # HEAD too
        return app.router.add_route(self.method, self.path, self._reading())

    def _reading(self) -> Handler:
        body, handler, may_be_empty = self.body, self.handler, self.may_be_empty
        if body is None or isinstance(body, Closed):
            return handler

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(request, await read_model(request, body, may_be_empty=may_be_empty))

        return handle
