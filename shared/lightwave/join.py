"""The join key: what hub and node each prove to know before they hold a session (PROTOCOL.md, "Join key").

HMAC-SHA256 (RFC 2104) over both sides' nonces and the node's MAC. The proofs begin with different words, so neither
side's can be given back to it as the other's.
"""

from binascii import hexlify
from hashlib import sha256

from .compat import urandom

NONCE_BYTES = 16
KEY_MIN = 16  # characters: whoever hears a proof may try keys against it at home
KEY_MAX = 64

_BLOCK = 64
_INNER = 0x36
_OUTER = 0x5C


def new_nonce() -> str:
    """32 hexadecimal digits, never the same twice."""
    return hexlify(urandom(NONCE_BYTES)).decode()


def hub_proof(key: str, mac: str, node_nonce: str, hub_nonce: str) -> str:
    """What the hub's `challenge` says: 64 hexadecimal digits."""
    return _proof("k1 hub", key, mac, node_nonce, hub_nonce)


def node_proof(key: str, mac: str, node_nonce: str, hub_nonce: str) -> str:
    """What the node's `proof` says: 64 hexadecimal digits."""
    return _proof("k1 node", key, mac, node_nonce, hub_nonce)


def same(one: str, other: str) -> bool:
    """Whether two ASCII texts are equal, in a time that depends on their lengths only."""
    if len(one) != len(other):
        return False
    differing = 0
    for i in range(len(one)):
        differing |= ord(one[i]) ^ ord(other[i])
    return differing == 0


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The tag, 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes([byte ^ _INNER for byte in key]))
    inner.update(message)
    outer = sha256(bytes([byte ^ _OUTER for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def _proof(who: str, key: str, mac: str, node_nonce: str, hub_nonce: str) -> str:
    # None of the parts can contain a line break, so no two different exchanges make the same text.
    text = "\n".join((who, mac, node_nonce, hub_nonce))
    return hexlify(hmac_sha256(key.encode(), text.encode())).decode()
