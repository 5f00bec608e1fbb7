"""Files in one folder, for both interpreters. Everything written is on the medium when the call returns.

Whoever writes a disk of his own (tests do, to cut its power) offers the same methods; any of them may raise OSError.
"""

import os

_DIRECTORY = 0x4000


class FileDisk:
    """A folder, made when it is missing."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._make(path)

    def names(self) -> list:
        return os.listdir(self._path)

    def size(self, name: str) -> int:
        return os.stat(self._of(name))[6]

    def read(self, name: str, offset: int, buf) -> int:
        """Fill `buf` from `offset`; how many bytes there were."""
        with open(self._of(name), "rb") as file:
            file.seek(offset)
            return file.readinto(buf) or 0

    def append(self, name: str, data) -> None:
        """Add to the end of a file; the first time makes it."""
        self._write(name, "ab", data)

    def replace(self, name: str, data) -> None:
        """A file's whole content. Cut short, the file may hold anything."""
        self._write(name, "wb", data)

    def remove(self, name: str) -> None:
        os.remove(self._of(name))

    def free(self) -> int:
        """Bytes that could still be written."""
        status = os.statvfs(self._path)
        return status[0] * status[3] if isinstance(status, tuple) else status.f_frsize * status.f_bavail

    def _write(self, name: str, mode: str, data) -> None:
        with open(self._of(name), mode) as file:
            written = file.write(data)
            if written is not None and written < len(data):
                raise OSError(28)  # ENOSPC: a full littlefs writes what fits
            file.flush()
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())
        self._sync_folder()

    def _sync_folder(self) -> None:
        """A new file is only there for good when its folder is; littlefs has no such difference."""
        if hasattr(os, "fsync"):
            folder = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _of(self, name: str) -> str:
        return self._path + "/" + name

    def _make(self, path: str) -> None:
        try:
            if os.stat(path)[0] & _DIRECTORY:
                return
        except OSError:
            pass
        parent = path.rpartition("/")[0]
        if parent:
            self._make(parent)
        os.mkdir(path)
