"""One row of 64 bytes for each target, kept so that a tick is a few copies in C and not a loop in Python.

A tick's datagrams are alike for all nodes of a part but for two words, sequence and token. So a part's datagram is
repeated over its rows, which the fan-out keeps together, and the two columns are laid over all with strided copies.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from lightwave import packets

_WORD = 4
_WORDS = packets.PACKET_SIZE // _WORD
_SEQ_COLUMN = packets.SEQ_AT // _WORD
_TOKEN_COLUMN = packets.TOKEN_HASH_AT // _WORD
_SWAP = sys.byteorder != "little"


@dataclass(slots=True, eq=False)
class Target:
    """A node's session as the stream sees it. The tick thread owns it once it was added."""

    node_id: int
    mac: str
    address: tuple[str, int]
    token_hash: int
    send_errors: int = 0
    row: int = -1


class DatagramRows:
    """The rows 0..len-1 in use, of at most `capacity`. Adding and removing touch one row each."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.targets: list[Target] = []
        self.memory = bytearray(capacity * packets.PACKET_SIZE)
        self._words = memoryview(self.memory).cast("I")
        self._seqs = array("I")
        self._tokens = array("I")

    def __len__(self) -> int:
        return len(self.targets)

    def add(self, target: Target) -> int:
        """Give `target` the next row; its sequence starts at 0."""
        if len(self.targets) >= self.capacity:
            raise IndexError("no row left")
        target.row = len(self.targets)
        self.targets.append(target)
        self._seqs.append(0)
        self._tokens.append(_wire_order(target.token_hash))
        return target.row

    def remove(self, target: Target) -> int:
        """Take `target` out; the last row moves into its place. Gives that row: its target is another one now."""
        row, last = target.row, len(self.targets) - 1
        moved = self.targets[last]
        self.targets[row], self._seqs[row], self._tokens[row] = moved, self._seqs[last], self._tokens[last]
        moved.row = row
        self.targets.pop()
        self._seqs.pop()
        self._tokens.pop()
        target.row = -1
        return row

    def arrange(self, order: Sequence[int]) -> None:
        """Put the rows into another order: that of number order[n] becomes number n."""
        self.targets = [self.targets[row] for row in order]
        self._seqs = array("I", [self._seqs[row] for row in order])
        self._tokens = array("I", [self._tokens[row] for row in order])
        for row, target in enumerate(self.targets):
            target.row = row

    def fill(self, first: int, end: int, datagrams: bytes | bytearray) -> None:
        """Write `datagrams`, one for each, into rows first..end-1, each with its own sequence number and token."""
        self.memory[first * packets.PACKET_SIZE : end * packets.PACKET_SIZE] = datagrams
        words = self._words[first * _WORDS : end * _WORDS]
        seqs = self._seqs[first:end]
        self._seqs[first:end] = array("I", [(seq + 1) & 0xFFFFFFFF for seq in seqs])
        if _SWAP:
            seqs.byteswap()
        words[_SEQ_COLUMN::_WORDS] = memoryview(seqs)
        words[_TOKEN_COLUMN::_WORDS] = memoryview(self._tokens[first:end])


def _wire_order(word: int) -> int:
    return int.from_bytes(word.to_bytes(_WORD, "little"), sys.byteorder)
