"""An update on the node: what is refused before the flash is touched, the download, and the trial of what is new."""

import errno
import hashlib
import socket
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from cpython_hardware import Connection, Station, SystemClock, UpdatePort
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from node_support import Datagrams, FakeClock, Node

from lightwave import release
from lightwave.release import ReleaseError
from lightwave_node import updater as updater_module
from lightwave_node.download import Refused, split_url
from lightwave_node.updater import Updater
from lightwave_node.updates import Updates

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
IMAGE = bytes(range(256)) * 80 + b"the end"
NOW_S = 1_800_000_000


class Server:
    """Serves IMAGE by ranges; each connection breaks after `breaks_after` bytes of it."""

    def __init__(self, image=IMAGE, breaks_after=1 << 30, status=None):
        self.image = image
        self.breaks_after = breaks_after
        self.status = status
        self.ranges = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/ota/k1/s3/2.0.0.bin"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    request += connection.recv(1000)
                begin = int(request.split(b"bytes=")[1].split(b"-")[0])
                self.ranges.append(begin)
                connection.sendall(self._head(begin) + self.image[begin : begin + self.breaks_after])

    def _head(self, begin):
        if self.status:
            return b"HTTP/1.1 %d No\r\n\r\n" % self.status
        size = len(self.image)
        return b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" % (begin, size - 1, size)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Slot:
    """Keeps what is written."""

    number = 3

    def __init__(self, holds=b"", fault=None, full=False):
        self.data = b""
        self.did = []
        self._holds = holds
        self._fault = fault
        self._full = full

    def check_head(self, head, size):
        self.did.append("check")
        if self._fault:
            raise self._fault

    def begin(self):
        self.did.append("begin")
        yield

    def write(self, block, length):
        if self._full:
            raise OSError(errno.ENOSPC, "no space")
        self.data += bytes(block[:length])

    def digests(self, size, block):
        yield None
        yield hashlib.sha256(self._holds).digest()

    def finish(self):
        self.did.append("finish")

    def abandon(self):
        self.did.append("abandon")
        yield


@pytest.fixture(autouse=True)
def a_short_fade(monkeypatch):
    monkeypatch.setattr(updater_module, "_DIM_US", 1000)


@pytest.fixture
def serve():
    servers = []

    def start(**options):
        servers.append(Server(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def statement(**changes):
    return {
        "kind": "firmware", "size": len(IMAGE), "counter": 5, "expires": NOW_S + 10, "name": "k1", "board": "K1_S3",
        "sha256": hashlib.sha256(IMAGE).hexdigest(), "version": "2.0.0",
    } | changes  # fmt: skip


def order(url="http://127.0.0.1:1/x", said=None, **changes):
    said = said or statement()
    signed = release.encode(said)
    return {
        "version": said["version"], "url": url, "sha256": said["sha256"], "statement": signed.hex(),
        "signature": KEY.sign(signed).hex(), "unix_s": NOW_S,
    } | changes  # fmt: skip


def prepared(message, slot, key=PUBLIC, counter=5):
    port = UpdatePort(slot, counter=counter)
    return Updater(message, "K1_S3", key, SystemClock(), port, Connection, "127.0.0.1"), port


def run(updater):
    states = []
    for _ in updater.steps():
        if states[-1:] != [updater.state]:
            states.append(updater.state)
    return [*states, updater.state]


def test_an_update_from_order_to_switch(serve):
    server, slot = serve(), Slot()
    updater, port = prepared(order(server.url), slot)
    assert run(updater) == ["checking", "downloading", "verifying", "writing", "rebooting"]
    assert slot.data == IMAGE and slot.did == ["check", "begin", "finish"]
    assert port.did == ["begin", "switch"] and updater.restart and updater.dim


def test_a_broken_download_goes_on_where_it_was(serve, monkeypatch):
    monkeypatch.setattr(updater_module, "_RETRY_US", 1000)
    server, slot = serve(breaks_after=5000), Slot()
    updater, port = prepared(order(server.url), slot)
    run(updater)
    assert slot.data == IMAGE and port.did[-1] == "switch"
    assert server.ranges == [0, 5000, 10000, 15000, 20000]


def test_what_is_there_already_is_not_fetched_again():
    slot = Slot(holds=IMAGE)
    updater, port = prepared(order(), slot)
    assert run(updater) == ["checking", "writing", "rebooting"]
    assert slot.did == [] and port.did == ["switch"]


OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
REFUSALS = {
    "no key": (order(), "", "update_key"),
    "key": (order(), "zz" * 32, "update_key"),
    "no statement": ({k: v for k, v in order().items() if k != "statement"}, PUBLIC, "statement"),
    "no signature": ({k: v for k, v in order().items() if k != "signature"}, PUBLIC, "signature"),
    "no time": ({k: v for k, v in order().items() if k != "unix_s"}, PUBLIC, "unix_s"),
    "statement": (order(statement="4b31"), PUBLIC, "statement"),
    "no digits": (order(statement="4b3"), PUBLIC, "statement"),
    "version": (order(version="2.0.1"), PUBLIC, "version"),
    "sha256": (order(sha256="0" * 64), PUBLIC, "sha256"),
    "name": (order(said=statement(name="k2")), PUBLIC, "name"),
    "board": (order(said=statement(board="GENERIC_S3")), PUBLIC, "board"),
    "kind": (order(said=statement(kind="app")), PUBLIC, "kind"),
    "counter": (order(said=statement(counter=4)), PUBLIC, "counter"),
    "expired": (order(unix_s=NOW_S + 11), PUBLIC, "expires"),
    "signature": (order(signature=OTHER.sign(release.encode(statement())).hex()), PUBLIC, "signature"),
    "other content": (order(signature=KEY.sign(release.encode(statement(size=9))).hex()), PUBLIC, "signature"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_is_refused_before_anything_changes(case):
    message, key, field = REFUSALS[case]
    slot = Slot()
    updater, port = prepared(message, slot, key)
    with pytest.raises(ReleaseError) as caught:
        run(updater)
    assert caught.value.field == field and len(str(caught.value)) <= 128
    assert slot.did == [] and port.did == []


def test_a_wrong_chip_is_refused_with_the_first_bytes(serve):
    slot = Slot(fault=ReleaseError("image", "is for chip 0"))
    updater, port = prepared(order(serve().url), slot)
    with pytest.raises(ReleaseError):
        run(updater)
    assert slot.did == ["check"] and slot.data == b"" and port.did == []


def test_another_content_of_the_right_size_is_not_switched_to(serve):
    slot = Slot()
    updater, port = prepared(order(serve(image=IMAGE[:-1] + b"!").url), slot)
    with pytest.raises(ReleaseError) as caught:
        run(updater)
    assert caught.value.field == "sha256" and port.did == ["begin"]
    assert slot.did == ["check", "begin", "abandon"]


def test_a_full_flash_keeps_nothing_of_what_did_not_fit(serve):
    slot = Slot(full=True)
    updater, port = prepared(order(serve().url), slot)
    with pytest.raises(OSError) as caught:
        run(updater)
    assert updater_module.reason(caught.value) == "image: does not fit, the flash is full"
    assert slot.did == ["check", "begin", "abandon"] and port.did == ["begin"]


def test_the_strips_are_dim_for_a_while_before_the_flash_is_written(serve, monkeypatch):
    monkeypatch.setattr(updater_module, "_DIM_US", 50_000)
    slot = Slot()
    updater, port = prepared(order(serve().url), slot)
    dim_since = None
    for _ in updater.steps():
        if updater.dim and dim_since is None:
            dim_since = time.monotonic()
            assert slot.did == port.did == []
        if slot.did:
            assert time.monotonic() - dim_since >= 0.05
            break
    assert dim_since is not None


@pytest.mark.parametrize("fault", [{"status": 404}, {"image": IMAGE + b"longer"}, {"image": IMAGE[:-1]}])
def test_another_file_than_announced_is_refused(serve, fault):
    slot = Slot()
    updater, port = prepared(order(serve(**fault).url), slot)
    with pytest.raises(Refused):
        run(updater)
    assert slot.did == [] and port.did == []


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(updater_module, "_RETRY_US", 1000)
    monkeypatch.setattr(updater_module, "_ATTEMPTS", 3)
    updater, port = prepared(order("http://127.0.0.1:1/x"), Slot())
    with pytest.raises(OSError, match="download"):
        run(updater)
    assert port.did == []


@pytest.mark.parametrize("url", ["https://h/x", "http://h", "http:///x", "http://h:x/y", "ftp://h/x"])
def test_a_bad_address_is_refused(url):
    with pytest.raises(Refused):
        split_url(url)


def test_addresses():
    assert split_url("http://192.168.4.1/ota/x.bin") == ("192.168.4.1", 80, "/ota/x.bin")
    assert split_url("http://hub:8080/a/b?c") == ("hub", 8080, "/a/b?c")


@pytest.mark.parametrize(
    ("head", "size", "field"),
    [
        (b"\xe9" + bytes(11) + b"\x00\x00", 100, "image"),  # an ESP32
        (b"\x00" * 24, 100, "image"),
        (b"\xe9", 100, "image"),
        (b"\xe9" + bytes(11) + b"\x09\x00", 1001, "size"),
    ],
)
def test_the_partition_takes_applications_for_this_chip_that_fit(monkeypatch, head, size, field):
    class Partition:
        RUNNING = 1

        def __init__(self, which):
            pass

        def get_next_update(self):
            return self

        def info(self):
            return (0, 17, 0x300000, 1000, "ota_1", False)

    monkeypatch.setitem(sys.modules, "esp32", SimpleNamespace(Partition=Partition))
    from lightwave_hw.slots import FirmwareSlot

    slot = FirmwareSlot()
    slot.check_head(b"\xe9" + bytes(11) + b"\x09\x00", 1000)
    with pytest.raises(ReleaseError) as caught:
        slot.check_head(head, size)
    assert caught.value.field == field


# ---- orders, status and trials


class Party:
    """Updates on a clock of the test's, and what they tell."""

    def __init__(self, holds=b"", **port):
        self.clock = FakeClock()
        self.port = UpdatePort(Slot(holds=holds), **port)
        self.timesync = SimpleNamespace(locked=True)
        self.fps = 120.0
        self.telemetry = SimpleNamespace(updating=False, draws=lambda least: self.fps >= least)
        self.fallback = SimpleNamespace(dimmed=False)
        config = SimpleNamespace(board="K1_S3", update_key=PUBLIC, fps=120, trial_s=30)
        self.updates = Updates(
            config, self.clock, self.port, Connection, Station(), self.timesync, self.telemetry, self.fallback
        )
        self.told = []
        self.in_session = True

    def pass_s(self, seconds):
        for _ in range(round(seconds * 10)):
            self.clock.pass_us(100_000)
            self.updates.watch()
            if self.in_session:
                self.updates.step(lambda t, **fields: self.told.append(fields))

    def states(self):
        return [fields["state"] for fields in self.told]


def test_without_updates_there_is_nothing_to_tell():
    party = Party()
    party.pass_s(5)
    assert party.told == [] and party.port.did == []


def test_a_failed_update_leaves_the_node_as_it_was():
    party = Party(counter=6)
    party.updates.order(order())
    assert party.updates.busy and party.telemetry.updating
    party.pass_s(1)
    assert party.told[-1]["state"] == "failed" and party.told[-1]["detail"].startswith("counter: 5 is older than 6")
    assert not (party.updates.busy or party.telemetry.updating or party.fallback.dimmed)


def test_an_update_without_a_session_waits_while_the_strips_play_on(monkeypatch):
    monkeypatch.setattr(updater_module, "_DIM_US", 3_000_000)
    party = Party(holds=IMAGE)
    party.updates.order(order())
    while not party.fallback.dimmed:
        party.pass_s(0.1)
    party.in_session = False
    party.pass_s(5)
    assert party.updates.busy and not party.fallback.dimmed and party.port.did == []
    party.in_session = True
    party.pass_s(1)
    assert party.port.did[:2] == ["switch", "reset"] and party.told[-1]["state"] == "rebooting"


def test_an_update_that_takes_too_long_is_given_up():
    party = Party(holds=IMAGE)
    party.updates.order(order())
    party.in_session = False
    party.pass_s(119)
    assert party.updates.busy
    party.pass_s(2)
    assert not party.updates.busy and not party.telemetry.updating
    party.in_session = True
    party.pass_s(1)
    assert party.told == [{"state": "failed", "pct": 0, "version": "2.0.0", "detail": "was not ready within 120 s"}]
    assert party.port.did == []


def test_it_restarts_also_when_there_is_nobody_left_to_tell():
    party = Party(holds=IMAGE)
    party.updates.order(order())
    while "switch" not in party.port.did:
        party.clock.pass_us(1000)
        party.updates.step(lambda t, **fields: None)
    party.in_session = False
    party.pass_s(2)
    assert "reset" in party.port.did


def test_healthy_for_thirty_seconds_is_kept():
    party = Party(trial="2.0.0")
    party.pass_s(29)
    assert party.port.did == [] and set(party.states()) == {"verifying"}
    assert 90 < party.told[-1]["pct"] < 100
    party.pass_s(3)
    assert party.port.did == ["confirm"]
    assert party.told[-1] == {"state": "done", "pct": 100, "version": "2.0.0", "detail": "2.0.0 is healthy"}


@pytest.mark.parametrize("fault", ["session", "lock", "frames"])
def test_unhealthy_at_the_end_it_goes_back(fault):
    party = Party(trial="2.0.0")
    party.pass_s(25)
    party.in_session = fault != "session"
    party.timesync.locked = fault != "lock"
    party.fps = 107.0 if fault == "frames" else 120.0
    party.pass_s(10)
    party.pass_s(54)
    assert party.port.did == []
    party.pass_s(3)
    assert party.port.did == ["give up"]


def test_a_moment_of_weakness_starts_the_count_anew():
    party = Party(trial="2.0.0")
    party.pass_s(25)
    party.fps = 60.0
    party.pass_s(1)
    party.fps = 120.0
    party.pass_s(25)
    assert party.port.did == []
    party.pass_s(8)
    assert party.port.did == ["confirm"]


def test_what_became_of_the_last_update_is_told_in_every_session():
    party = Party(verdict=4, version="2.0.0")
    party.pass_s(1)
    party.updates.begin_session()
    party.pass_s(1)
    assert party.states() == ["failed", "failed"]
    assert party.told[0]["detail"] == "2.0.0 ended before it was healthy: the bootloader went back"


def test_on_trial_no_other_order_is_followed():
    party = Party(trial="2.0.0")
    party.updates.order(order())  # the one that is on trial: a hub that was restarted asks again
    party.pass_s(1)
    assert set(party.states()) == {"verifying"}
    party.updates.order(order(said=statement(version="2.1.0")))
    party.pass_s(1)
    assert (party.told[-1]["state"], party.told[-1]["detail"]) == ("failed", "another update is under way")


def test_while_flash_is_written_the_strips_are_dim_and_steady():
    node, hub = Node(), Datagrams()
    node.show_first_scene()
    hub.seq = 1
    assert node.colour(0) == (255, 0, 0)
    node.fallback.dimmed = True
    frames(node, 60)
    dim = node.colour(0)
    assert dim is not None and 0 < max(dim) < 60
    node.hear(hub.edge(5_000_000, edge=9, hue=85))
    before = [bytes(wire) for wire in node.leds.loaded]
    frames(node, 30)
    for wire, earlier in zip(node.leds.loaded, before, strict=True):
        assert all(abs(now - then) <= 1 for now, then in zip(wire, earlier, strict=True))  # a step of dithering
    node.fallback.dimmed = False
    node.hear(hub.state(6_000_000, edge=9))
    frames(node, 60)
    assert node.colour(0) == (255, 0, 0)


def frames(node, count):
    for _ in range(count):
        node.renderer.frame()
