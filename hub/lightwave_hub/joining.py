"""How one connection comes to be a node's: its hello, and the join key's proofs where there is a key (PROTOCOL.md)."""

import hmac
from typing import Any

from lightwave import join, messages
from lightwave.messages import MessageError


class Joining:
    """The first messages of a connection. `key` is the hub's join key, or empty; it appears in no repr."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._hello: dict[str, Any] = {}
        self._expected = ""
        self.proved = False

    @property
    def hello(self) -> dict[str, Any]:
        """The node's hello, once `hear` has let it pass."""
        return self._hello

    def hear(self, message: dict[str, Any]) -> str | None:
        """Take a message; the answer that is still needed, or None when the node may join. Raises MessageError."""
        if not self._hello:
            return self._hear_hello(message)
        if message["t"] != "proof":
            raise MessageError(messages.BAD_TYPE, "t", "a challenge is answered with proof")
        if not hmac.compare_digest(message["proof"], self._expected):
            raise MessageError(messages.JOIN_KEY_WRONG, "proof", "the node has another join key than this hub")
        self.proved = True
        return None

    def _hear_hello(self, message: dict[str, Any]) -> str | None:
        if message["t"] != "hello":
            raise MessageError(messages.BAD_TYPE, "t", "the first message must be hello")
        if self._key and "nonce" not in message:
            raise MessageError(messages.JOIN_KEY_MISSING, "nonce", "this hub takes nodes with its join key only")
        if not self._key and "nonce" in message:
            raise MessageError(messages.JOIN_KEY_UNKNOWN, "nonce", "the node has a join key and this hub has none")
        self._hello = message
        return self._challenge(message) if self._key else None

    def _challenge(self, hello: dict[str, Any]) -> str:
        nonce = join.new_nonce()
        exchange = (self._key, hello["mac"], hello["nonce"], nonce)
        self._expected = join.node_proof(*exchange)
        return messages.build("challenge", nonce=nonce, proof=join.hub_proof(*exchange))
