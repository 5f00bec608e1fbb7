"""An older release to go back to: out of what a hub keeps, or out of a folder of files, for fleets without a hub."""

from __future__ import annotations

from pathlib import Path

from _flash_errors import FlashError
from _flash_file import FlashFile, recognise

from lightwave_hub.config import StoreSection
from lightwave_hub.ota.store import UpdateStore

DATABASE = "ota.sqlite3"
BOARD_OF = {".bin": "K1_S3", ".k1a": "GENERIC_S3"}
Kept = list[tuple[str, str, Path]]  # version, board, file


def default_folder() -> Path:
    """Where a hub without a configuration of its own keeps its updates."""
    return StoreSection().folder() / "ota"


def release(folder: Path, version: str, board: str | None) -> FlashFile:
    """The image that is kept as that version. Raises FlashError."""
    kept = _of_a_hub(folder) if (folder / DATABASE).is_file() else _files(folder)
    if not kept:
        raise FlashError(
            f"{folder} holds no releases",
            "Name by --ota a hub's folder (`ota` in its store), or one of files named VERSION.bin and VERSION.k1a",
        )
    fitting = [each for each in kept if each[0] == version and board in (None, each[1])]
    if not fitting:
        known = ", ".join(f"{version} ({board})" for version, board, _ in kept)
        raise FlashError(f"there is no release {version} in {folder}", f"There are: {known}")
    if len(fitting) > 1:
        raise FlashError(f"release {version} is there for several boards", "Say which by --board")
    try:
        data = fitting[0][2].read_bytes()
    except OSError as error:
        raise FlashError(f"release {version}: {error.strerror}", "Its image is gone: add it again") from None
    return recognise(Path(f"release {version}"), data)


def _of_a_hub(folder: Path) -> Kept:
    store = UpdateStore(folder)
    try:
        return [(each.version, each.board, store.image_path(each.sha256)) for each in store.releases()]
    finally:
        store.close()


def _files(folder: Path) -> Kept:
    """The newest version last, as far as names can tell."""
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    return [(path.stem, BOARD_OF[path.suffix], path) for path in files if path.suffix in BOARD_OF]
