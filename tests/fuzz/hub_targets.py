"""What people and programs hand to the hub: bodies of requests, images, releases. See wire_targets.py."""

from lightwave import app_archive, release
from lightwave.release import ReleaseError
from lightwave_hub import config
from lightwave_hub.api import requests
from lightwave_hub.api.bodies import checked, parse
from lightwave_hub.errors import ConfigError, RequestError
from lightwave_hub.ota import images
from lightwave_hub.ota.errors import ImageError
from lightwave_hub.show import models

MODELS = (
    models.Show, models.Scene, models.Group, models.CueList, models.Schedule, models.ShowNode, requests.PlayNow,
    requests.ByteValue, requests.Blackout,
)  # fmt: skip


def body(data: bytes) -> None:
    """The body of a request, for the model that its first byte chooses: what is taken is written and taken again."""
    model = MODELS[data[0] % len(MODELS)] if data else MODELS[0]
    try:
        taken = checked(model, parse(data[1:]))
    except RequestError as error:
        assert error.detail
        return
    assert checked(model, parse(taken.model_dump_json(exclude_unset=True).encode())) == taken


def image(data: bytes) -> None:
    """A file that somebody uploads as an image."""
    try:
        found = images.read(data)
    except ImageError:
        return
    assert found.size == len(data) and found.kind in release.KINDS


def statement(data: bytes) -> None:
    """A release's statement: what is taken is made of exactly these bytes."""
    try:
        fields = release.decode(data)
    except ReleaseError as error:
        assert error.field and error.detail
        return
    assert release.encode(fields) == data


def archive(data: bytes) -> None:
    """An application's archive as it arrives: in one piece or byte by byte, the same files, or the same refusal."""
    assert _unpacked(data, len(data) or 1) == _unpacked(data, 1)


def _unpacked(data: bytes, piece: int) -> tuple[list[tuple[str, bytes]], bool]:
    files = _Files()
    unpacker = app_archive.Unpacker(files)
    try:
        for at in range(0, len(data), piece):
            unpacker.feed(data[at : at + piece])
    except app_archive.ArchiveError:
        return files.whole, False
    return files.whole, unpacker.done


class _Files:
    def __init__(self) -> None:
        self.whole: list[tuple[str, bytes]] = []

    def begin_file(self, path: str, size: int) -> None:
        assert not path.startswith("/") and ".." not in path.split("/")
        self._path, self._size, self._data = path, size, b""

    def write_file(self, piece: bytes) -> None:
        self._data += bytes(piece)

    def end_file(self) -> None:
        assert len(self._data) == self._size
        self.whole.append((self._path, self._data))


def settings(data: bytes) -> None:
    """hub.toml as a document that came as JSON, which has all that TOML has but dates."""
    try:
        config.from_dict(parse(data))
    except (RequestError, ConfigError):
        pass
