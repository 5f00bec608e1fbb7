"""How many connections the hub lets in, and how long one may say nothing."""

import asyncio

import pytest
from aiohttp import web

from lightwave_hub.door import Door

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
async def doors():
    """Open a door for so many."""
    opened = []

    async def answer(request):
        return web.Response(text="hello")

    async def open_door(most, patience_s=10.0, kept=0):
        door = Door(web.Server(answer), most, patience_s, kept)
        server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
        opened.append((door, server))
        return door, server.sockets[0].getsockname()

    yield open_door
    for door, server in opened:
        server.close()
        await door.server.shutdown(0.1)


async def connect(address, first=b"", local=None):
    reader, writer = await asyncio.open_connection(*address, local_addr=local)
    writer.write(first)
    return reader, writer


async def hung_up(reader):
    """Whether the other side ends the connection, soon."""
    try:
        return await asyncio.wait_for(reader.read(1), 5) == b""
    except ConnectionError:
        return True


async def is_served(address):
    reader, writer = await connect(address, REQUEST)
    try:
        return await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    except ConnectionError:
        return False
    finally:
        writer.close()


async def test_a_request_is_served_whole_and_again(doors):
    _, address = await doors(2)
    reader, writer = await connect(address, REQUEST[:5])
    writer.write(REQUEST[5:])
    assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 200 OK\r\n"
    await asyncio.wait_for(reader.readuntil(b"hello"), 5)
    writer.write(REQUEST)
    assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_one_too_many_is_hung_up_on_and_there_is_room_again(doors):
    door, address = await doors(2)
    served, its_writer = await connect(address, REQUEST)
    await asyncio.wait_for(served.readuntil(b"hello"), 5)
    _, silent = await connect(address)
    late, late_writer = await connect(address, REQUEST)
    assert await hung_up(late)
    assert door.stats.refused == 1
    silent.close()
    its_writer.close()
    late_writer.close()
    async with asyncio.timeout(5):
        while not await is_served(address):  # until the hub has seen both ends
            pass


async def test_one_address_does_not_get_the_last_places(doors):
    door, address = await doors(3, kept=1)
    crowd = [await connect(address, REQUEST) for _ in range(2)]
    for reader, _ in crowd:
        await asyncio.wait_for(reader.readuntil(b"hello"), 5)
    late, late_writer = await connect(address, REQUEST)
    assert await hung_up(late)
    other, other_writer = await connect(address, REQUEST, local=("127.0.0.2", 0))
    await asyncio.wait_for(other.readuntil(b"hello"), 5)
    assert door.stats.refused == 1
    for writer in (late_writer, other_writer, *(writer for _, writer in crowd)):
        writer.close()


async def test_who_says_nothing_is_hung_up_on(doors):
    door, address = await doors(2, patience_s=0.05)
    silent, writer = await connect(address)
    assert await hung_up(silent)
    assert (len(door.waiting), door.stats.refused) == (0, 0)
    writer.close()
