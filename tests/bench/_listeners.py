"""Subscribers of the event stream for the hub bench, a process of their own: their cost is not the hub's.

`python -m tests.bench._listeners URL COUNT` prints a line when all have heard the whole state. At the end of its input
it prints how many events they heard.
"""

import asyncio
import sys

import aiohttp

from tests.bench._rest import authorization


async def _listen(session: aiohttp.ClientSession, url: str, begun: asyncio.Barrier, heard: list[int]) -> None:
    async with session.ws_connect(f"{url}/api/events") as events:
        async for message in events:
            heard[0] += 1
            if str(message.data).startswith('{"kind":"log"') and '"all":true' in str(message.data):
                await begun.wait()


async def _run(url: str, count: int) -> None:
    begun, heard = asyncio.Barrier(count + 1), [0]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=authorization()) as session:
        listening = [asyncio.create_task(_listen(session, url, begun, heard)) for _ in range(count)]
        await begun.wait()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    print(heard[0])


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
