"""The hub as a process: its socket, its signals, and the line that says where it can be reached."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import sys

from aiohttp import web

from lightwave_hub import app, realtime
from lightwave_hub.access import here
from lightwave_hub.access.errors import AccessFileError
from lightwave_hub.access.guard import GUARD
from lightwave_hub.config import Config
from lightwave_hub.control_ws import SPARE_CONNECTIONS
from lightwave_hub.door import KEPT_PLACES, OTHERS, Door
from lightwave_hub.errors import ListenError
from lightwave_hub.keys import CONFIG, DOOR
from lightwave_hub.log import app_log, event

STOP_TIMEOUT_S = 0.5  # for requests under way when the hub is told to stop
_LISTEN_FAULTS = {
    errno.EADDRINUSE: "the port is taken; stop what uses it, or take another one with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address; see --host",
}
# A full collection among a thousand nodes holds the GIL for 50 ms, five ticks. Python's third threshold of 10 makes
# several of them while a fleet joins; what a running hub makes is mostly freed without any.
_GC_THRESHOLDS = (700, 10, 1000)
_BACKLOG = 1024  # all nodes knock at once when a hub restarts


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ListenError, whose text says what to do."""
    try:
        return socket.create_server((host, port), backlog=_BACKLOG)
    except PermissionError:
        detail = "not allowed for this user; take a port from 1024 up with --port"
    except OSError as error:
        detail = _LISTEN_FAULTS.get(error.errno or 0) or error.strerror or str(error)
    raise ListenError(host, port, detail)


async def serve(config: Config, listener: socket.socket) -> None:
    """Run the hub until SIGINT or SIGTERM, and print one line when it can be reached."""
    host, port = listener.getsockname()[:2]
    runner = web.AppRunner(app.build(config, host), access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C cancels the main task instead
            loop.add_signal_handler(name, stop.set)
    realtime.prefer_ticks(config.stream.realtime)
    _allow_connections()
    # What was imported lives as long as the hub: the collector need not walk it again and again, holding up ticks.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    server = None
    try:
        await runner.setup()
        assert runner.server is not None
        most = config.limits.nodes + SPARE_CONNECTIONS + OTHERS
        door = Door(runner.server, most, kept=KEPT_PLACES, stats=runner.app[DOOR])
        server = await loop.create_server(door, sock=listener, backlog=_BACKLOG)
        print(f"{config.hub.name}: the page is at {_link(runner.app, host, port)}", flush=True)
        await stop.wait()
        event(app_log, logging.INFO, "stopping")
    finally:
        if server is not None:
            server.close()
        await runner.cleanup()


def _link(hub: web.Application, host: str, port: int) -> str:
    """The page's address; at the first start with the token that opens it, behind a # that no server gets to see."""
    guard = hub[GUARD]
    if guard.enabled:
        try:
            here.tell(hub[CONFIG].store.folder(), host, port, guard.here_secret)
        except AccessFileError as error:  # commands need a token then, and nothing else
            event(app_log, logging.WARNING, "no commands without a token", why=error)
    address = page_address(host, port)
    return f"{address}#token={guard.first_secret}" if guard.first_secret else address


def _allow_connections() -> None:
    """As many as this process may have: each node is a socket, and a shell gives 1024 if not asked for more."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def page_address(host: str, port: int) -> str:
    """Where a browser on this machine finds the page."""
    name = "localhost" if host == "0.0.0.0" else host
    return f"http://{name}:{port}/"


def run(config: Config) -> None:
    """Listen and serve; returns after a clean stop. Raises ListenError."""
    with listen(config.hub.host, config.hub.port) as listener:
        asyncio.run(serve(config, listener))
        sys.stdout.flush()
