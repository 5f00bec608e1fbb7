"""A node's flash while the node is off: the factory image, and files put onto its filesystem."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def copy_sparse(source: Path, target: Path) -> None:
    """Copy only what was written: erased flash is a hole in the file (boards/SIM/sim_flash.c)."""
    with open(source, "rb") as reader, open(target, "wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        writer.truncate(size)
        at = 0
        while at < size:
            try:
                start = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole is left
                return
            at = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            os.pwrite(writer.fileno(), os.pread(reader.fileno(), at - start, start), start)


def write_files(binary: Path, directory: Path, files: Mapping[str, bytes], image: bytes | None = None) -> None:
    """Put files (path on the node: contents) into directory/flash.bin, through the board's own littlefs.

    image, if given, goes into the first app slot.
    """
    with tempfile.TemporaryDirectory() as stage:
        lines = []
        if image is not None:
            Path(stage, "image").write_bytes(image)
            lines.append(f"image {stage}/image\n")
        for number, (path, data) in enumerate(files.items()):
            staged = Path(stage, str(number))
            staged.write_bytes(data)
            lines.append(f"{path} {staged}\n")
        listing = Path(stage, "list")
        listing.write_text("".join(lines))
        subprocess.run(
            [str(binary), "-X", "heapsize=4M", "-m", "sim_flasher", str(listing)],
            env={"K1_SIM_DIR": str(directory)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
