"""The key that releases are signed with: Ed25519, kept in a file that only its owner can read."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lightwave_hub.ota.errors import KeyFileError

SEED_SIZE = 32


class SigningKey:
    """Signs statements. `public` is what nodes are provisioned with (`update_key`)."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """64 hexadecimal digits."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, statement: bytes) -> bytes:
        return self._key.sign(statement)


def load_or_create(path: Path) -> SigningKey:
    """The key of a file; a new one where there is no file. Raises KeyFileError."""
    try:
        return _create(path)
    except FileExistsError:
        return _load(path)
    except OSError as error:
        raise KeyFileError(path, f"cannot be created: {error.strerror}") from None


def _create(path: Path) -> SigningKey:
    path.parent.mkdir(parents=True, exist_ok=True)
    # 0600 from its first moment, and never over a key that is there.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    seed = os.urandom(SEED_SIZE)
    with os.fdopen(descriptor, "w") as file:
        file.write(seed.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return SigningKey(seed)


def _load(path: Path) -> SigningKey:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        seed = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise KeyFileError(path, f"cannot be read: {error}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(path, f"can be read by others (mode {stat.S_IMODE(mode):o}); set it to 600")
    if len(seed) != SEED_SIZE:
        raise KeyFileError(path, f"holds {len(seed)} bytes, not the {SEED_SIZE} of a key")
    return SigningKey(seed)
