"""What goes wrong with updates on purpose."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightwave_hub.errors import HubError, RequestError


class KeyFileError(HubError):
    """The signing key's file is no key, or not safe."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"signing key {path}: {detail}")
        self.path = path
        self.detail = detail


class ImageError(RequestError):
    """An image was refused; `field` says what of it is wrong."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(field, detail, status=422)


class RolloutError(RequestError):
    """An order cannot be followed as things are."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(field, detail, status=409)


class StorageError(RequestError):
    """The disk does not take it."""

    def __init__(self, why: BaseException) -> None:
        super().__init__("", f"the hub cannot store it: {getattr(why, 'strerror', None) or why}", status=507)


@contextmanager
def storing() -> Iterator[None]:
    """Makes what a full or broken disk raises a StorageError."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StorageError(error) from error
