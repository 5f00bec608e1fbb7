"""Loopback addresses of our own: each fleet gets a /24 of 127.0.0.0/8 that no other run on this machine uses.

The stream's UDP port is frozen, so nodes on one machine differ by address, as nodes on a network do.
"""

import random
import socket

RESERVED_PORT = 49151  # held on the last address of the /24 for as long as the fleet lives
ATTEMPTS = 100


class AddressBlock:
    """127.x.y.0/24, held until `release()`."""

    def __init__(self) -> None:
        choose = random.SystemRandom()
        for _ in range(ATTEMPTS):
            prefix = f"127.{choose.randint(1, 250)}.{choose.randint(0, 255)}"
            holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                holder.bind((f"{prefix}.254", RESERVED_PORT))
            except OSError:
                holder.close()
                continue
            self.prefix, self._holder = prefix, holder
            return
        raise OSError(f"no free loopback block: {ATTEMPTS} attempts to hold 127.x.y.254 port {RESERVED_PORT} failed")

    def node(self, number: int) -> str:
        return f"{self.prefix}.{1 + number}"

    def relay(self, number: int) -> str:
        return f"{self.prefix}.{101 + number}"

    def release(self) -> None:
        self._holder.close()
