"""Clients for the hub bench, a process of their own: requests at a steady pace, and changes that another page sees.

`python -m tests.bench._rest URL SECONDS` prints how long answers took, by what was asked, as JSON. A request
begins when it is due, whether the one before it was answered or not: a hub that holds one up is charged for all.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from typing import Any

import aiohttp

from tests.bench._common import percentile

PER_S = 100
TOKEN_VARIABLE = "K1_TOKEN"
ECHOES_PER_S = 4
LOOK = {"effect": "pulse", "hue": 1}
# What a page and an artist's hands ask for: mostly to look and to play, now and then to change the show.
MIX: tuple[tuple[str, str, str, Any], ...] = (
    ("look", "GET", "/api/nodes", None),
    ("play", "POST", "/api/scene", {"params": {"hue": 9}}),
    ("look", "GET", "/api/scene", None),
    ("play", "POST", "/api/nodes/1/channels/a/brightness", {"value": 200}),
    ("look", "GET", "/api/scenes", None),
    ("play", "POST", "/api/global/brightness", {"value": 250}),
    ("look", "GET", "/metrics", None),
    ("play", "POST", "/api/nodes/2/channels/b/speed", {"value": 90}),
    ("look", "GET", "/api/playing", None),
    ("edit", "PUT", "/api/scenes/bench", {"name": "bench", "channels": {"a": LOOK}}),
)


def authorization() -> dict[str, str]:
    """The header that opens the hub."""
    return {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}


async def _echo(session: aiohttp.ClientSession, url: str, seconds: int, ms: list[float]) -> None:
    """How long after it is asked for a change is on another page: the tempo, four times a second."""
    async with session.ws_connect(f"{url}/api/events") as events:
        for number in range(ECHOES_PER_S * seconds):
            bpm = 100 + number / 100
            asked = time.perf_counter()
            async with session.post(f"{url}/api/tempo", json={"bpm": bpm}):
                pass
            async for message in events:
                if f'"kind":"tempo","bpm":{bpm:g}' in str(message.data):
                    break
            ms.append((time.perf_counter() - asked) * 1000)
            await asyncio.sleep(max(0.0, asked + 1 / ECHOES_PER_S - time.perf_counter()))


async def _run(url: str, seconds: int) -> dict[str, Any]:
    ms: dict[str, list[float]] = {"look": [], "play": [], "edit": []}
    failures: list[str] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=authorization()) as session:
        await session.post(f"{url}/api/scenes", json={"id": "bench", "name": "bench", "channels": {"a": LOOK}})
        echoes_ms: list[float] = []
        echoing = asyncio.create_task(_echo(session, url, seconds, echoes_ms))
        start = time.perf_counter()

        async def ask(due: float, what: str, method: str, path: str, body: Any) -> None:
            async with session.request(method, url + path, json=body) as answer:
                text = await answer.text()
                if answer.status != 200:
                    failures.append(f"{method} {path}: {answer.status} {text[:200]}")
            ms[what].append((time.perf_counter() - due) * 1000)

        asked = []
        for number, step in zip(range(seconds * PER_S), itertools.cycle(MIX), strict=False):
            due = start + number / PER_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.append(asyncio.create_task(ask(max(due, time.perf_counter()), *step)))
        await asyncio.gather(*asked)
        await echoing
    together = [value for values in ms.values() for value in values]
    figures: dict[str, Any] = {"rest_ms_p50": percentile(together, 50), "rest_ms_p99": percentile(together, 99)}
    figures |= {f"{what}_ms_p99": percentile(values, 99) for what, values in ms.items()}
    figures |= {"event_ms_p50": percentile(echoes_ms, 50), "event_ms_p99": percentile(echoes_ms, 99)}
    return figures | {"requests": len(together), "failures": failures[:5]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(sys.argv[1], int(sys.argv[2])))))
