"""Hosts that behave badly towards the hub or a node, each for as long as its context lasts."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lightwave.constants import WS_PATH
from tests.hub.support import hello, keepalive
from tests.network.access_point import AccessPoint
from tests.network.fleet import NetworkFleet, NetworkHub, Station

GARBAGE = Path(__file__).with_name("garbage.py")
SMALL_BUFFER = 2048
_TEXT, _MASKED, _LONG = 0x81, 0x80, 126


@contextlib.contextmanager
def station(access_point: AccessPoint, role: str, address: str) -> Iterator[Station]:
    host = Station(access_point, role, address)
    try:
        yield host
    finally:
        host.close()


@contextlib.contextmanager
def in_background(step: Callable[[], object]) -> Iterator[None]:
    """A thread that does it again and again; what it raises is raised here at the end."""
    stop, raised = threading.Event(), []

    def body() -> None:
        try:
            while not stop.is_set():
                step()
        except BaseException as error:  # for the test's own thread
            raised.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if raised:
        raise raised[0]


# ---- WebSockets without manners


def headers_of(hub: NetworkHub) -> dict[str, str]:
    """What opens the hub to a request: its token, where it asks for one."""
    return hub.headers


class RawPeer:
    """A WebSocket whose every byte is the test's own doing. Its connection is refused: OSError."""

    def __init__(self, host: Station, hub: NetworkHub, path: str = WS_PATH, buffer: int = 0) -> None:
        with host.host.entered():
            self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(3)
        try:
            self.socket.connect((hub.host, hub.port))
            self._shake_hands(hub, path)
        except BaseException:
            self.socket.close()
            raise

    def _shake_hands(self, hub: NetworkHub, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": hub.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        lines = [f"{name}: {value}" for name, value in {**head, "Sec-WebSocket-Key": key, **headers_of(hub)}.items()]
        self.socket.sendall(("\r\n".join([f"GET {path} HTTP/1.1", *lines]) + "\r\n\r\n").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionResetError("closed while shaking hands")
            answer += byte
        if b" 101 " not in answer.splitlines()[0]:
            raise ConnectionRefusedError(answer.splitlines()[0].decode())

    def send(self, message: dict[str, Any]) -> None:
        self.socket.sendall(text_frame(message))

    def receive(self) -> dict[str, Any]:
        """The next message, a text of the hub's. Its close counts as a reset."""
        head = self._read(2)
        if head[0] != _TEXT:
            raise ConnectionResetError("closed by the hub")
        size = head[1] & 0x7F
        if size == _LONG:
            size = int.from_bytes(self._read(2), "big")
        found: dict[str, Any] = json.loads(self._read(size))
        return found

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionResetError("closed by the hub")
            data += more
        return data

    def join(self, mac: str) -> dict[str, Any]:
        """Say hello; the hub's answer."""
        self.send(hello(mac=mac))
        return self.receive()

    def close(self) -> None:
        self.socket.close()


def text_frame(message: dict[str, Any]) -> bytes:
    """Masked by noughts, which is allowed and saves the work."""
    data = json.dumps(message).encode()
    size = (
        bytes([_MASKED | len(data)]) if len(data) < _LONG else bytes([_MASKED | _LONG]) + len(data).to_bytes(2, "big")
    )
    return bytes([_TEXT]) + size + bytes(4) + data


@contextlib.contextmanager
def readers(fleet: NetworkFleet, count: int, bytes_per_s: int) -> Iterator[None]:
    """Joined as nodes they ask for the time as fast as they can, and read so much of the answers; 0: nothing."""
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(station(fleet.access_point, "readers", "192.168.4.60"))
        peers = []
        for number in range(count):
            peer = RawPeer(host, fleet.hub, buffer=SMALL_BUFFER)
            stack.callback(peer.close)
            welcome = peer.join(f"02:00:00:00:02:{number:02X}")
            own = {"nodeId": welcome["nodeId"], "token": welcome["token"]}
            peer.socket.setblocking(False)
            burst = text_frame({**keepalive(), **own}) + 20 * text_frame({"t": "ts_ping", "seq": 1, "t1_us": 1, **own})
            peers.append((peer.socket, burst))

        def step() -> None:
            for connection, burst in peers:
                with contextlib.suppress(OSError):  # it takes no more, or the hub has closed it
                    connection.send(burst)
                if bytes_per_s:
                    with contextlib.suppress(OSError):
                        connection.recv(max(1, bytes_per_s // 10))
            time.sleep(0.1)

        stack.enter_context(in_background(step))
        yield


@contextlib.contextmanager
def event_listeners(fleet: NetworkFleet, count: int) -> Iterator[None]:
    """Open pages that were put to sleep: they listen to events and read nothing."""
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(station(fleet.access_point, "pages", "192.168.4.61"))
        for _ in range(count):
            peer = RawPeer(host, fleet.hub, "/api/events", SMALL_BUFFER)
            stack.callback(peer.close)
        yield


@contextlib.contextmanager
def hellos(fleet: NetworkFleet) -> Iterator[None]:
    """Ever new nodes, as many a second as one host can, that say hello and go."""
    with station(fleet.access_point, "flood", "192.168.4.62") as host:
        numbers = iter(range(1 << 24))

        def step() -> None:
            number = next(numbers)
            try:
                peer = RawPeer(host, fleet.hub)
            except OSError:  # full
                time.sleep(0.01)
                return
            try:
                peer.join(f"02:00:01:{number >> 16 & 255:02X}:{number >> 8 & 255:02X}:{number & 255:02X}")
            except OSError:
                pass
            finally:
                peer.close()

        with in_background(step):
            yield


@contextlib.contextmanager
def impostor(fleet: NetworkFleet, mac: str) -> Iterator[None]:
    """A host that says it is that node, again whenever it is thrown out."""
    with station(fleet.access_point, "impostor", "192.168.4.63") as host:

        def step() -> None:
            try:
                peer = RawPeer(host, fleet.hub)
            except OSError:
                return
            try:
                peer.join(mac)
                while True:
                    peer.receive()
            except OSError:  # thrown out, or nothing more to hear
                pass
            finally:
                peer.close()
            time.sleep(0.2)

        with in_background(step):
            yield


@contextlib.contextmanager
def connections(fleet: NetworkFleet, count: int) -> Iterator[None]:
    """So many connections that say nothing: half of them to the page, half WebSockets without a hello."""
    with station(fleet.access_point, "crowd", "192.168.4.64") as host, contextlib.ExitStack() as stack:
        for number in range(count):
            if number % 2:
                stack.enter_context(host.connect(fleet.hub, timeout_s=5))
            else:
                with contextlib.suppress(OSError):
                    stack.callback(RawPeer(host, fleet.hub).close)
        yield


# ---- datagrams


@contextlib.contextmanager
def garbage(fleet: NetworkFleet, *targets: tuple[str, int], per_s: int) -> Iterator[None]:
    """Datagrams of random lengths and bytes to each target in turn, by a process of their own."""
    with station(fleet.access_point, "noise", "192.168.4.65") as host:
        arguments = [f"{address}:{port}" for address, port in targets]
        with host.host.entered():
            process = subprocess.Popen([sys.executable, str(GARBAGE), str(per_s), *arguments])
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()
