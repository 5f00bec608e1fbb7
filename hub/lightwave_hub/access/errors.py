"""What can go wrong with tokens and their file."""

from pathlib import Path

from lightwave_hub.errors import HubError, RequestError


class TokenError(RequestError):
    """A token cannot be made or revoked."""


class AccessFileError(HubError):
    """The file that says who may use the hub cannot be trusted; the hub lets nobody in rather than everybody."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}; mend it, or remove it to be given a new link at the next start")
        self.path = path
        self.detail = detail
