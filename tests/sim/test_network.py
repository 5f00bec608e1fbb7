"""WiFi station and sockets."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.sim.conftest import RunScript

JOIN = """
    import errno, network, socket, time
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.config(pm=wlan.PM_NONE)
    def join(ssid="LightwaveOS", key="lightwave-sim"):
        wlan.connect(ssid, key)
        while wlan.status() == network.STAT_CONNECTING:
            time.sleep_ms(5)
        return wlan.status()
"""


def test_joining_takes_its_time_and_gives_the_address(run_script: RunScript) -> None:
    node = run_script(
        JOIN
        + """
    start = time.ticks_ms()
    print("status", join(), time.ticks_diff(time.ticks_ms(), start))
    print(wlan.isconnected(), wlan.ifconfig()[0], wlan.ipconfig("addr4")[0], wlan.status("rssi"), wlan.config("pm"))
    """,
        ip="127.0.7.1",
        join_ms=120,
    )
    assert int(node.wait_for(r"status 1010 (\d+)")[1]) >= 120
    node.wait_for("True 127.0.7.1 127.0.7.1 -55 0")


def test_an_interface_gives_the_address_that_it_has_and_joins_only_with_one(run_script: RunScript) -> None:
    ask = """
    print(join(), wlan.isconnected(), wlan.ifconfig()[:3])
    """
    node = run_script(JOIN + ask, environment={"K1_SIM_INTERFACE": "lo"})
    node.wait_for(r"1010 True \('127.0.0.1', '255.0.0.0', '0.0.0.0'\)")
    without = run_script(
        JOIN
        + """
    wlan.connect("LightwaveOS", "lightwave-sim")
    time.sleep_ms(200)  # six times as long as joining takes
    print("joined", wlan.isconnected(), wlan.status() == network.STAT_CONNECTING)
    """,
        environment={"K1_SIM_INTERFACE": "none0"},
    )
    without.wait_for("joined False True")


@pytest.mark.parametrize(
    ("options", "status"), [({"ap_password": "other"}, 202), ({"ap_ssid": "other"}, 201)], ids=["key", "ssid"]
)
def test_wrong_settings_are_told_apart(run_script: RunScript, options: dict[str, Any], status: int) -> None:
    node = run_script(
        JOIN
        + """
    print("status", join(), wlan.isconnected())
    """,
        **options,
    )
    node.wait_for(f"status {status} False")


def test_access_point_loss_and_return(run_script: RunScript) -> None:
    node = run_script(
        JOIN
        + """
    join()
    was = wlan.isconnected()
    print("joined", was)
    while True:
        while wlan.isconnected() == was:
            time.sleep_ms(5)
        was = not was
        print("link", was)
    """
    )
    node.wait_for("joined True")
    node.access_point(False)
    node.wait_for("link False")
    node.access_point(True)
    node.wait_for("link True")


def test_nothing_passes_while_the_link_is_down(run_script: RunScript) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        node = run_script(
            JOIN
            + f"""
    join()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer = ("127.0.0.1", {peer.getsockname()[1]})
    sock.sendto(b"hello", peer)
    while True:
        data, source = sock.recvfrom(64)
        print("got", data)
        try:
            sock.sendto(data, peer)
        except OSError as error:
            print("unsent", error.errno == errno.EHOSTUNREACH)
    """,
            ip="127.0.7.2",
        )
        data, address = peer.recvfrom(64)
        assert (data, address[0]) == (b"hello", "127.0.7.2")
        peer.sendto(b"one", address)
        node.wait_for("got b'one'")
        assert peer.recv(64) == b"one"
        node.access_point(False)
        with pytest.raises(TimeoutError):
            # Until the node has seen the loss, datagrams still pass; afterwards they are gone for good.
            for number in range(20):
                peer.settimeout(0.2)
                peer.sendto(b"lost %d" % number, address)
                peer.recv(64)
        node.access_point(True)
        peer.settimeout(0.2)
        for _ in range(50):
            peer.sendto(b"back", address)
            try:
                assert peer.recv(64) == b"back"
                return
            except TimeoutError:
                continue
        pytest.fail("the link did not come back")


def test_zero_length_datagram_ends_a_socket_as_on_the_board(run_script: RunScript) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        node = run_script(
            JOIN
            + f"""
    join()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.sendto(b"hello", ("127.0.0.1", {peer.getsockname()[1]}))
    print("read", sock.read(1), sock.read(1), sock.read(1))
    """
        )
        _, address = peer.recvfrom(64)
        peer.sendto(b"x", address)
        peer.sendto(b"", address)
        peer.sendto(b"y", address)
        node.wait_for("read b'x' b'' b''")


def test_tcp_and_timeouts(run_script: RunScript) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        node = run_script(
            JOIN
            + f"""
    join()
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", {server.getsockname()[1]})[0][-1])
    sock.settimeout(0.25)
    start = time.ticks_ms()
    try:
        sock.recv(1)
    except OSError as error:
        print("timeout", error.errno == errno.ETIMEDOUT, time.ticks_diff(time.ticks_ms(), start) >= 250)
    sock.setblocking(False)
    print("none", sock.read(1))
    sock.settimeout(None)
    sock.write(b"ping")
    buf = bytearray(8)
    print("into", sock.readinto(buf, 4), bytes(buf))
    print("end", sock.recv(1))
    """
        )
        connection, address = server.accept()
        with connection:
            assert address[0] == "127.0.0.1"
            node.wait_for("timeout True True")
            node.wait_for("none None")
            assert connection.recv(4) == b"ping"
            connection.sendall(b"pong")
            node.wait_for(r"into 4 b'pong\\x00")
        node.wait_for("end b''")


def test_callbacks_run_while_polling(run_script: RunScript) -> None:
    node = run_script(
        JOIN
        + """
    import micropython, select, _thread
    join()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", 0))
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    ran = []
    def soon():
        time.sleep_ms(50)
        micropython.schedule(lambda start: ran.append(time.ticks_diff(time.ticks_ms(), start)), time.ticks_ms())
    _thread.start_new_thread(soon, ())
    print("polled", poller.poll(400), ran)
    """
    )
    assert int(node.wait_for(r"polled \[\] \[(\d+)\]")[1]) < 50
