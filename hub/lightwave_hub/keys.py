"""Where handlers find the parts of the running hub: typed keys of the aiohttp application."""

from aiohttp import web

from lightwave_hub.conductor import Conductor
from lightwave_hub.config import Config
from lightwave_hub.control_ws import ControlPlane
from lightwave_hub.door import DoorStats
from lightwave_hub.fanout import FanOut
from lightwave_hub.live.feed import Feed
from lightwave_hub.live.log_ring import LogRing
from lightwave_hub.ota.service import Updates
from lightwave_hub.records.keeper import Keeper
from lightwave_hub.registry import NodeTable
from lightwave_hub.show.service import ShowService
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.stream import StreamTargets
from lightwave_hub.tempo.desk import TempoDesk
from lightwave_hub.tempo.osc import OscServer
from lightwave_hub.time_server import TimeServer

CONFIG = web.AppKey("config", Config)
CLOCK = web.AppKey("clock", ShowClock)
NODES = web.AppKey("nodes", NodeTable)
CONDUCTOR = web.AppKey("conductor", Conductor)
FANOUT = web.AppKey("fanout", FanOut)
STREAM = web.AppKey("stream", StreamTargets)
CONTROL = web.AppKey("control", ControlPlane)
RECORDS = web.AppKey("records", Keeper)
TIME = web.AppKey("time", TimeServer)
TEMPO = web.AppKey("tempo", TempoDesk)
OSC = web.AppKey("osc", OscServer)
LIVE = web.AppKey("live", Feed)
LOG_RING = web.AppKey("log_ring", LogRing)
DOOR = web.AppKey("door", DoorStats)
SHOW = web.AppKey("show", ShowService)
UPDATES = web.AppKey("updates", Updates)
