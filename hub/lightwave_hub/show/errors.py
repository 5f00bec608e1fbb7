"""What goes wrong with the show on purpose."""

from pathlib import Path

from lightwave_hub.errors import HubError, RequestError


class StoreError(HubError):
    """The file of the show cannot be used; the hub does not start."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"show {path}: {detail}")
        self.path = path
        self.detail = detail


class NotSavedError(RequestError):
    """An edit could not be written, so it was not made: the disk is full, say."""

    def __init__(self, detail: str) -> None:
        super().__init__("", f"not saved, so nothing was changed: {detail}", status=507)


class AbsentError(RequestError):
    """There is no such object."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__("id", f"there is no {what} {key!r}", status=404)


class ConflictError(RequestError):
    """The show as it is does not allow it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(field, detail, status=409)
