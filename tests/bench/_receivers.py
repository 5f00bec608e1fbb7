"""Receivers for the fan-out bench, a process of their own: COUNT sockets on loopback addresses that drain and count.

`python _receivers.py COUNT PORT` prints "ready", and on end of input how many datagrams came.
"""

import itertools
import os
import resource
import select
import socket
import sys

_PER_NET = 250  # 127.0.1.1 .. 127.0.1.250, 127.0.2.1 ..
_BUFFER = bytearray(2048)
DRAIN_PERIOD_S = 0.1
STEP_S = 0.001


def address(index: int) -> str:
    """The loopback address of receiver `index`."""
    return f"127.0.{index // _PER_NET + 1}.{index % _PER_NET + 1}"


def main(count: int, port: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sockets = []
    for index in range(count):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setblocking(False)
        receiver.bind((address(index), port))
        sockets.append(receiver)
    os.nice(19)  # it shares its core with the nodes of the registry bench, whose waiting is measured
    print("ready", flush=True)
    print(_drain(sockets), flush=True)


def _drain(sockets: list[socket.socket]) -> int:
    """Empty one socket after another, all of them every DRAIN_PERIOD_S.

    Waiting on them would put the cost of waking us into every send; emptying all at once would put all of what a core
    costs another by freeing its memory into one tick of five."""
    share = max(1, round(len(sockets) * STEP_S / DRAIN_PERIOD_S))
    received = 0
    turn = itertools.cycle(sockets)
    while not select.select([sys.stdin], [], [], STEP_S)[0]:
        received += sum(_empty(receiver) for receiver in itertools.islice(turn, share))
    return received + sum(_empty(receiver) for receiver in sockets)


def _empty(receiver: socket.socket) -> int:
    received = 0
    try:
        while True:
            receiver.recv_into(_BUFFER)
            received += 1
    except BlockingIOError:
        return received


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
