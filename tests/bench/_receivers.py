"""Receivers for the fan-out bench, a process of their own: COUNT sockets on loopback addresses that drain and count.

`python _receivers.py COUNT PORT` prints "ready", and on end of input how many datagrams came.
"""

import os
import resource
import select
import socket
import sys

_PER_NET = 250  # 127.0.1.1 .. 127.0.1.250, 127.0.2.1 ..
_BUFFER = bytearray(2048)
DRAIN_PERIOD_S = 0.05


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
    """Empty all sockets now and then: waiting on them would put the cost of waking us into every send."""
    received = 0
    ended = False
    while not ended:
        ended = bool(select.select([sys.stdin], [], [], DRAIN_PERIOD_S)[0])
        for receiver in sockets:
            try:
                while True:
                    receiver.recv_into(_BUFFER)
                    received += 1
            except BlockingIOError:
                pass
    return received


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
