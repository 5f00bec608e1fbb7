"""Files that only their owner may read."""

import os
import stat
import tempfile
from pathlib import Path

from lightwave_hub.access.errors import AccessFileError

_MAX_BYTES = 64 << 10


def read_private(path: Path) -> str:
    """The text of a file. Raises AccessFileError, also when others may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise AccessFileError(path, f"cannot be read: {error.strerror}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccessFileError(path, f"can be read by others (mode {stat.S_IMODE(mode):o}); set it to 600")
    if len(data) > _MAX_BYTES:
        raise AccessFileError(path, f"has more than {_MAX_BYTES} bytes")
    return data.decode("utf-8", errors="replace")


def write_private(path: Path, text: str, *, lasting: bool = True) -> None:
    """Replace a file at once: whoever reads it finds the old text or the new one, and mode 600; a `lasting` one also
    whoever cuts the power. Raises AccessFileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # 600 from its first moment
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AccessFileError(path, f"cannot be written: {error.strerror}") from None
