"""A node at its REPL, over its serial port: how the validation sees SIM nodes and boards alike."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

READ_TIMEOUT_S = 5  # of a single read; what a call may take is said at the call
CALL_TIMEOUT_S = 20
REPL_TIMEOUT_S = 4
INTERRUPTS = 3


class NodeRaised(Exception):
    """The node's traceback."""


class Node:
    """Connecting is what a developer does: Ctrl-C into whatever runs. The application must end and leave a REPL."""

    def __init__(self, port: str, is_board: bool) -> None:
        self.is_board = is_board
        self._transport = SerialTransport(port, timeout=READ_TIMEOUT_S)
        self._interrupt()

    def _interrupt(self) -> None:
        """Ctrl-C and the raw REPL; again where the first came in mid-start, before anything could be interrupted."""
        for _ in range(INTERRUPTS - 1):
            try:
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=REPL_TIMEOUT_S)
                return
            except TransportError:
                continue
        self._transport.enter_raw_repl(soft_reset=False)

    def reset(self) -> None:
        """A soft reset to a bare REPL."""
        self._transport.enter_raw_repl(soft_reset=True)

    def read(self, path: Path) -> None:
        """Have the file's lines executed, statement by statement: compiled so, they leave the heap in one piece."""
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines(keepends=True)
        for statement in ast.parse(source).body:
            self.exec("".join(lines[statement.lineno - 1 : statement.end_lineno]))

    def exec(self, code: str, timeout_s: float = CALL_TIMEOUT_S) -> str:
        """What the code prints; raises NodeRaised."""
        output, error = self._transport.exec_raw(code, timeout=timeout_s)
        if error:
            raise NodeRaised(error.decode(errors="replace"))
        return output.decode().replace("\r\n", "\n")

    def eval(self, expression: str, timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """The value of an expression of plain types. The node's threads may print as well: the last line counts."""
        return ast.literal_eval(self.exec(f"print(repr({expression}))", timeout_s).splitlines()[-1])

    def has(self, function: str) -> bool:
        """Whether the node's firmware has this function of our C module."""
        return bool(self.eval(f"hasattr(__import__('lightwave_hw.board').board._lightwave, {function!r})"))

    def close(self) -> None:
        """Start the application again."""
        try:
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
        finally:
            self._transport.close()
