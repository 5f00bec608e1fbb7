"""Commands by OSC over UDP. OSC knows no answers and no passwords: it is off unless the configuration says otherwise.

What is wrong with a message is counted and logged, at most once a second; nothing a datagram holds ends the server.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_packet import OscPacket, ParseError

from lightwave_hub.errors import HubError, ListenError
from lightwave_hub.log import event, failure, show_log

MAX_DATAGRAM = 4096
_LOG_PERIOD_S = 1.0

Arguments = Sequence[Any]
Command = Callable[[Arguments], object]  # raises OscError or any HubError


class OscError(HubError):
    """A message's arguments are not what its address takes."""


class _WithoutParser(logging.Filter):
    """python-osc logs what it thinks of every bad datagram, to the root logger: strangers could fill the disk."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "pythonosc" not in record.pathname


_without_parser = _WithoutParser()


@dataclass(slots=True)
class OscStats:
    messages: int = 0  # done
    refused: int = 0  # understood, but impossible
    bad: int = 0  # not OSC, or of no address we have


class OscServer(asyncio.DatagramProtocol):
    def __init__(self, commands: Mapping[str, Command]) -> None:
        self.stats = OscStats()
        self.port = 0  # once it is open
        self._commands = commands
        self._transport: asyncio.BaseTransport | None = None
        self._quiet_until = 0.0

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 is any free one. Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (host, port))
        except OSError as error:
            raise ListenError(host, port, f"OSC: {error.strerror or error}; see [osc]") from None
        logging.getLogger().addFilter(_without_parser)
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            logging.getLogger().removeFilter(_without_parser)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            if len(data) > MAX_DATAGRAM:
                raise ParseError(f"more than {MAX_DATAGRAM} bytes")
            messages = [timed.message for timed in OscPacket(data).messages]
        except Exception as error:  # whatever the parser makes of strangers' bytes
            self.stats.bad += 1
            self._complain(addr, "not OSC", detail=str(error))
            return
        for message in messages:
            self._obey(message.address, message.params, addr)

    def error_received(self, exc: Exception) -> None:
        """An answer that could not be delivered would end here; there are none."""

    def _obey(self, address: str, arguments: Arguments, sender: Any) -> None:
        command = self._commands.get(address)
        if command is None:
            self.stats.bad += 1
            self._complain(sender, "no such OSC address", address=address)
            return
        try:
            command(arguments)
            self.stats.messages += 1
        except (HubError, ValueError) as error:
            self.stats.refused += 1
            self._complain(sender, "OSC message refused", address=address, detail=str(error))
        except Exception:
            self.stats.refused += 1
            failure(show_log, "OSC message failed", address=address)

    def _complain(self, sender: Any, text: str, **fields: object) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            self._quiet_until = now + _LOG_PERIOD_S
            event(show_log, logging.WARNING, text, sender=sender[0], **fields)


def number(arguments: Arguments, low: float, high: float) -> float:
    """The one number a message has. Raises OscError."""
    value = arguments[0] if len(arguments) == 1 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise OscError(f"takes one number {low:g}..{high:g}")
    return value


def switch(arguments: Arguments) -> bool:
    """On or off, as true, false or a number; nothing is on. Raises OscError."""
    if not arguments:
        return True
    if len(arguments) == 1 and isinstance(arguments[0], bool | int | float):
        return bool(arguments[0])
    raise OscError("takes true or false, or 1 or 0")


def text(arguments: Arguments) -> str:
    """The one text a message has. Raises OscError."""
    if len(arguments) == 1 and isinstance(arguments[0], str) and 1 <= len(arguments[0]) <= 64:
        return arguments[0]
    raise OscError("takes one text of 1..64 characters")


def pressed(arguments: Arguments) -> bool:
    """Was a button pressed? They send 1 and, when let go, 0; or nothing at all."""
    return not (len(arguments) == 1 and arguments[0] in (0, False))
