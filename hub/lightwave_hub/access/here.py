"""How a command on the hub's own machine comes in without a token: a file that only the hub's user may read.

Whoever reads it could as well change access.json beside it. Its token is another one at each start, and ends with the
hub.
"""

import contextlib
import json
from pathlib import Path
from urllib.parse import urlsplit

from lightwave_hub.access.errors import AccessFileError
from lightwave_hub.access.files import read_private, write_private

FILE_NAME = "local.json"
_ANY_ADDRESS = "0.0.0.0"
_LOOPBACK_NAMES = ("localhost", "::1")


def tell(folder: Path, host: str, port: int, secret: str) -> None:
    """Say where the hub listens and what opens it. Raises AccessFileError."""
    text = json.dumps({"host": host, "port": port, "token": secret}) + "\n"
    write_private(folder / FILE_NAME, text, lasting=False)  # worth nothing when this hub ends


def withdraw(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / FILE_NAME).unlink()


def token_for(url: str, folder: Path) -> str:
    """The token of the hub that keeps its things in `folder`, if it is the one at `url`; else empty."""
    try:
        known = json.loads(read_private(folder / FILE_NAME))
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if (parts.port or 80) == known["port"] and _reaches(parts.hostname or "", known["host"]):
            return str(known["token"])
    except (AccessFileError, ValueError, KeyError, TypeError):
        pass  # no hub runs here, or it is another user's
    return ""


def _reaches(name: str, host: str) -> bool:
    return name == host or (host == _ANY_ADDRESS and (name in _LOOPBACK_NAMES or name.startswith("127.")))
