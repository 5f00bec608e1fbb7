"""The hub as a whole: the only file that knows what is made, started and stopped in which order."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from lightwave import constants
from lightwave_hub.access import here
from lightwave_hub.access.guard import GUARD, Guard
from lightwave_hub.access.tokens import Tokens
from lightwave_hub.api import events as event_stream
from lightwave_hub.api.guarded import guarded
from lightwave_hub.api.problems import problems
from lightwave_hub.api.routes import add_routes
from lightwave_hub.conductor import Conductor
from lightwave_hub.config import Config
from lightwave_hub.control_ws import ControlPlane
from lightwave_hub.door import DoorStats
from lightwave_hub.errors import TempoSourceError
from lightwave_hub.fanout import FanOut
from lightwave_hub.keys import (
    CLOCK,
    CONDUCTOR,
    CONFIG,
    CONTROL,
    DOOR,
    FANOUT,
    LIVE,
    LOG_RING,
    NODES,
    OSC,
    RECORDS,
    SHOW,
    STREAM,
    TEMPO,
    TIME,
    UPDATES,
)
from lightwave_hub.live.log_ring import LogRing
from lightwave_hub.log import app_log, event, failure
from lightwave_hub.ota.service import Updates
from lightwave_hub.ota.signing import load_or_create
from lightwave_hub.ota.store import UpdateStore
from lightwave_hub.part import Block, Scores
from lightwave_hub.records.keeper import Keeper, Retention
from lightwave_hub.registry import NodeTable
from lightwave_hub.show.service import ShowService
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.stream import StreamTargets
from lightwave_hub.tempo import osc_commands
from lightwave_hub.tempo.desk import TempoDesk
from lightwave_hub.tempo.osc import OscServer
from lightwave_hub.tempo.sources import Sources
from lightwave_hub.time_server import TimeServer
from lightwave_hub.transmit import open_transmitter

THIN_OUT_PERIOD_S = 3600
SWEEP_PERIOD_S = 0.1  # how late a missed keepalive may be noticed


def build(config: Config, stream_host: str = "0.0.0.0") -> web.Application:
    """The hub as an aiohttp application; it runs while the application does. `stream_host` sends the datagrams."""
    app = web.Application(middlewares=[problems, guarded], client_max_size=config.limits.body_bytes)
    clock = ShowClock()
    if config.show.bpm:
        clock.set_tempo(config.show.bpm)
    block = Block(effect=config.show.effect, palette=config.show.palette)
    conductor = Conductor(Scores(block, block, config.show.master), clock)
    table = NodeTable(config.limits.nodes, clock.now_us)
    fanout = FanOut(
        clock,
        lambda: conductor.parts,
        config.limits.nodes,
        lambda memory, capacity: open_transmitter(memory, capacity, stream_host),
        real_time=config.stream.realtime,
    )
    app[STREAM] = StreamTargets(table, conductor, fanout, config.stream.udp_port)
    app[CONFIG], app[CLOCK], app[NODES], app[DOOR] = config, clock, table, DoorStats()
    app[CONDUCTOR], app[FANOUT] = conductor, fanout
    app[TIME] = TimeServer(table, clock)
    store = config.store
    retention = Retention(store.raw_days, store.minutes_days, store.events_days)
    app[RECORDS] = Keeper(store.folder() / "records.db", retention)
    app[CONTROL] = ControlPlane(
        table, clock, app[TIME], app[RECORDS], config.stream.udp_port, config.limits.messages_per_s,
        config.access.join_secret(),
    )  # fmt: skip
    app.router.add_get(constants.WS_PATH, app[CONTROL].handle)
    app[TEMPO] = TempoDesk(clock, Sources(clock, table, config.tempo.midi_port))
    app[OSC] = OscServer(osc_commands.commands(app, app[TEMPO]))
    app[SHOW] = ShowService(config.store.folder() / "show.db", conductor, table, clock)
    app[TEMPO].on_change.append(partial(_note_tempo, app))
    app[GUARD] = Guard(Tokens(config.store.folder()), config.access.enabled, config.access.hosts)
    app[LOG_RING] = LogRing()
    app[LIVE] = event_stream.new_feed(app)
    add_routes(app)
    app.cleanup_ctx.append(_guard)
    app.cleanup_ctx.append(_show)
    app.cleanup_ctx.append(_keep_records)
    app.cleanup_ctx.append(partial(_answer_time_pings, stream_host))
    app.cleanup_ctx.append(_stream)
    app.cleanup_ctx.append(_sweep)
    app.cleanup_ctx.append(_follow_tempo)
    app.cleanup_ctx.append(_hear_osc)
    app.cleanup_ctx.append(_update)
    app.cleanup_ctx.append(_tell_pages)
    app.on_shutdown.append(_say_goodbye)
    return app


async def _answer_time_pings(host: str, app: web.Application) -> AsyncIterator[None]:
    app[TIME].start(host, app[CONFIG].stream.time_port)
    yield
    app[TIME].close()


async def _guard(app: web.Application) -> AsyncIterator[None]:
    app[GUARD].open()
    if not app[GUARD].enabled:
        event(app_log, logging.WARNING, "ACCESS IS OFF: whoever reaches this hub plays and changes the show")
    yield
    here.withdraw(app[CONFIG].store.folder())


async def _show(app: web.Application) -> AsyncIterator[None]:
    await app[SHOW].start()
    yield
    await app[SHOW].stop()


async def _keep_records(app: web.Application) -> AsyncIterator[None]:
    await app[RECORDS].open()
    task = asyncio.create_task(_thin_out_forever(app[RECORDS]))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await app[RECORDS].close()


async def _thin_out_forever(keeper: Keeper) -> None:
    while True:
        try:
            await keeper.thin_out()
        except Exception:  # tried again an hour later
            failure(app_log, "thinning out records failed")
        await asyncio.sleep(THIN_OUT_PERIOD_S)


async def _stream(app: web.Application) -> AsyncIterator[None]:
    app[FANOUT].start()
    yield
    # joining waits for at most one tick, but another thread's tick is not the loop's to wait for
    await asyncio.get_running_loop().run_in_executor(None, app[FANOUT].stop)


async def _update(app: web.Application) -> AsyncIterator[None]:
    folder = app[CONFIG].store.folder() / "ota"
    store = UpdateStore(folder)
    key = load_or_create(folder / "signing.key")

    def playing() -> bool:
        return app[CLOCK].bpm > 0 or bool(app[SHOW].player.playing()["lists"])

    updates = app[UPDATES] = Updates(store, key, app[NODES], app[CONTROL], playing)
    updates.on_change.append(lambda: app[SHOW].news.publish("ota", updates.headline()))
    task = asyncio.create_task(updates.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store.close()


def _note_tempo(app: web.Application) -> None:
    app[SHOW].keeper.source = app[TEMPO].source
    app[SHOW].keeper.note()
    app[SHOW].news.publish("tempo", app[TEMPO].describe())


async def _follow_tempo(app: web.Application) -> AsyncIterator[None]:
    desk = app[TEMPO]
    source = app[SHOW].keeper.source or app[CONFIG].tempo.source
    try:
        desk.choose(source)
    except TempoSourceError as error:  # no reason not to start: the tempo can be set by hand
        event(app_log, logging.WARNING, "no tempo source", source=source, detail=str(error))
    task = asyncio.create_task(desk.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    desk.close()


async def _hear_osc(app: web.Application) -> AsyncIterator[None]:
    section = app[CONFIG].osc
    if section.enabled:
        await app[OSC].open(section.host, section.port)
        event(app_log, logging.INFO, "OSC", port=app[OSC].port)
    yield
    app[OSC].close()


async def _tell_pages(app: web.Application) -> AsyncIterator[None]:
    feed, control = app[LIVE], app[CONTROL]
    app[LOG_RING].open()
    tasks = [
        asyncio.create_task(event_stream.follow(app)),
        asyncio.create_task(feed.run()),
        asyncio.create_task(control.previews.run(control.send, feed.show_previews)),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    app[LOG_RING].close()


async def _sweep(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(_sweep_forever(app[NODES]))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _sweep_forever(table: NodeTable) -> None:
    while True:
        await asyncio.sleep(SWEEP_PERIOD_S)
        try:
            table.sweep()
        except Exception:  # a fault over one node must not stop the watch over the others
            failure(app_log, "sweep failed")


async def _say_goodbye(app: web.Application) -> None:
    app[LIVE].close()
    await app[CONTROL].close()
