"""The whole node on CPython: threads, their ends, and what a failure in one of them does."""

import threading
import time

import pytest
from cpython_hardware import Connection, Receiver, Station, SystemClock, TimeSocket, UpdatePort
from node_support import FakeLeds
from websocket_peer import Peer

from lightwave_node import kernels
from lightwave_node.config import Config
from lightwave_node.pipeline import Pipeline
from lightwave_node.silence import Silence


class Leds(FakeLeds):
    """Shows frames in real time, until told to fail."""

    failure = None
    went_dark = False

    def show(self, at):
        if self.failure is not None:
            raise self.failure
        return super().show(at)

    def dark(self):
        self.went_dark = True


class Board:
    thread_stack_bytes = 256 * 1024

    def __init__(self):
        self.clock = SystemClock()
        self.kernels = kernels
        self.station = Station()
        self.receiver = Receiver()
        self.time_socket = TimeSocket()
        self.connect = Connection
        self.update_port = UpdatePort()
        self.leds = Leds(self.clock)
        self.audio = Silence("a test")
        self.closed = False

    def heap_free(self):
        return 1

    def close(self):
        self.closed = True


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def pipeline(board, peer):
    config = {"ssid": "x", "hub_host": "127.0.0.1", "hub_port": peer.port, "leds": [4, 4], "records_limit_mb": 0}
    return Pipeline(Config(config), board)


def run_in_background(pipeline):
    raised = []

    def body():
        try:
            pipeline.run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    return thread, raised


def wait_until(check):
    end = time.monotonic() + 10
    while not check():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_draws_without_a_hub_and_stops_in_the_dark(pipeline, board):
    threads_before = threading.active_count()
    thread, raised = run_in_background(pipeline)
    wait_until(lambda: board.leds.shown[0] > 5)
    pipeline.stop()
    thread.join(5)
    assert not thread.is_alive() and not raised
    assert board.leds.went_dark and board.closed
    assert threading.active_count() == threads_before


def test_a_failure_in_a_thread_ends_the_node(pipeline, board):
    thread, raised = run_in_background(pipeline)
    wait_until(lambda: board.leds.shown[0] > 2)
    board.leds.failure = RuntimeError("the RMT driver says no")
    thread.join(5)
    assert not thread.is_alive()
    assert raised == [board.leds.failure]
    assert raised[0].__traceback__ is not None
    assert board.closed


def test_a_failure_of_the_control_plane_ends_the_threads(pipeline, board, monkeypatch):
    def fail():
        raise RuntimeError("the radio is gone")

    threads_before = threading.active_count()
    thread, raised = run_in_background(pipeline)
    wait_until(lambda: board.leds.shown[0] > 2)
    monkeypatch.setattr(board.station, "is_connected", fail)
    thread.join(5)
    assert not thread.is_alive()
    assert "the radio is gone" in str(raised)
    assert threading.active_count() == threads_before


def test_the_catalogue_fits_one_message(pipeline):
    from lightwave import messages
    from lightwave_node import effects, palettes
    from lightwave_node.websocket import MAX_SENT_BYTES

    text = messages.build("catalog", nodeId=65535, token="x" * 64, effects=effects.names(), palettes=palettes.names())
    assert len(text) <= MAX_SENT_BYTES
