"""Routes about nodes, and about the hub's own health."""

import dataclasses
from typing import Any

from aiohttp import web

from lightwave_hub import catalog, metrics
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import (
    CLOCK,
    CONFIG,
    CONTROL,
    DOOR,
    FANOUT,
    LIVE,
    NODES,
    OSC,
    RECORDS,
    SHOW,
    STREAM,
    TIME,
    UPDATES,
)
from lightwave_hub.node import Node, State
from lightwave_hub.prometheus import exposition
from lightwave_hub.prometheus import families as prometheus
from lightwave_hub.show.models import ShowNode
from lightwave_hub.version import hub_version


async def health(request: web.Request) -> web.Response:
    """200 while the stream runs, 503 when it does not: what a watchdog asks."""
    fanout, clock = request.app[FANOUT], request.app[CLOCK]
    alive = fanout.alive(clock.now_us())
    body = {
        "status": "ok" if alive else "stream stopped",
        "name": request.app[CONFIG].hub.name,
        "epoch": clock.epoch,
        "nodes": len(request.app[NODES]),
    }
    return web.json_response(body, status=200 if alive else 503)


async def show_metrics(request: web.Request) -> web.Response:
    """As JSON; as text for Prometheus where the Accept header asks for that."""
    app, headers = request.app, {"Vary": "Accept"}
    media = exposition.wanted(",".join(request.headers.getall("Accept", [])))
    if media == exposition.JSON:
        return web.json_response(figures(app), headers=headers)
    nodes = [describe(app, node) for node in app[NODES].nodes()]
    families = prometheus.families(figures(app), nodes, app[CONFIG].hub.name, hub_version())
    text = exposition.render(families, media).encode()
    return web.Response(body=text, headers={**headers, "Content-Type": exposition.CONTENT_TYPE[media]})


def figures(app: web.Application) -> dict[str, Any]:
    """What /metrics says."""
    collected = metrics.collect(app[NODES], app[FANOUT], app[CONTROL], app[TIME], app[RECORDS], app[CLOCK])
    return {
        **collected,
        "ota": app[UPDATES].figures(),
        "osc": {"port": app[OSC].port, **dataclasses.asdict(app[OSC].stats)},
        "events": {"subscribers": len(app[LIVE]), "given_up": app[LIVE].given_up},
        "connections": dataclasses.asdict(app[DOOR]),
    }


async def list_nodes(request: web.Request) -> web.Response:
    return web.json_response({"nodes": [describe(request.app, node) for node in request.app[NODES].nodes()]})


async def show_node(request: web.Request) -> web.Response:
    return web.json_response(describe(request.app, named(request)))


def named(request: web.Request) -> Node:
    """The node that the path names by its number or its MAC. Raises RequestError."""
    text, table = request.match_info["id"], request.app[NODES]
    node = table.get(int(text)) if text.isdecimal() and len(text) <= 5 else None
    if node is None and ":" in text:
        node = next((each for each in table.nodes() if each.mac == text.upper()), None)
    if node is None:
        raise RequestError("id", "no such node", status=404)
    return node


async def show_catalog(request: web.Request) -> web.Response:
    """All names that any node knows."""
    nodes = request.app[NODES].nodes()
    return web.json_response(
        {
            "effects": catalog.merged(node.effects for node in nodes),
            "palettes": catalog.merged(node.palettes for node in nodes),
        }
    )


def describe(app: web.Application, node: Node) -> dict[str, Any]:
    """Everything known of a node but its token."""
    health, now_us = node.health, app[CLOCK].now_us()
    own: ShowNode | None = app[SHOW].store.document.find("node", node.mac)
    return {
        "id": node.node_id,
        "mac": node.mac,
        "name": own.name if own else "",
        "order": own.order if own else 0,
        "enabled": own.enabled if own else True,
        "ip": node.ip,
        "state": node.state,
        "reason": "; ".join(node.reasons),
        "locked": health.locked,
        "lock_ms": node.lock_ms,
        "clock": health.clock,
        "clock_reason": health.clock_reason,
        "clock_bound_us": health.clock_bound_us,
        "loss_pct": health.loss_pct,
        "drift_us": health.drift_us,
        "rssi": health.rssi,
        "uptime_s": health.uptime_s,
        "says": health.state,
        "ticks": health.ticks,
        "send_errors": app[STREAM].send_errors(node),
        "render_fps": list(health.render_fps),
        "heap_free": health.heap_free,
        "stats": health.stats,
        "fw": node.fw,
        "caps": node.caps,
        "topo": node.topo,
        "catalog": {"effects": list(node.effects), "palettes": list(node.palettes)},
        "ota": node.ota,
        "sessions": node.sessions,
        "connected_s": None if node.state is State.LOST else round((now_us - node.joined_us) / 1e6, 1),
        "seen_ms_ago": (now_us - node.last_seen_us) // 1000,
    }
