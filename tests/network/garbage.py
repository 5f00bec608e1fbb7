"""`python garbage.py PER_SECOND ADDRESS:PORT...`: random datagrams in turn to each target, until it is killed."""

import random
import socket
import sys
import time

STEP_S = 0.005
SIZES = (0, 1, 27, 28, 63, 64, 64, 64, 65, 200, 1400)  # 64 is a packet's; some of those begin as one does
PROTO = 1


def main(per_s: int, targets: list[tuple[str, int]]) -> None:
    draws = random.Random(10)
    datagrams = [draws.randbytes(draws.choice(SIZES)) for _ in range(4096)]
    datagrams = [bytes([PROTO]) + data[1:] if data and n % 2 else data for n, data in enumerate(datagrams)]
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent, began = 0, time.monotonic()
    while True:
        due = int((time.monotonic() - began) * per_s)
        while sent < due:
            try:
                sender.sendto(datagrams[sent % len(datagrams)], targets[sent % len(targets)])
            except OSError:  # a full queue, or nobody at that port: the next one
                pass
            sent += 1
        time.sleep(STEP_S)


if __name__ == "__main__":
    main(int(sys.argv[1]), [(host, int(port)) for host, _, port in (word.partition(":") for word in sys.argv[2:])])
