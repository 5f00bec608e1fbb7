"""The flash image every new SIM node starts from: our application as .mpy on littlefs2, and an image in slot 0.

The board itself writes it, through the same littlefs code a node runs on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from _build_common import BUILD, ROOT, BuildError, run

FIRMWARE = ROOT / "firmware"
PACKAGES = (FIRMWARE / "lightwave_node", FIRMWARE / "lightwave_hw", ROOT / "shared" / "lightwave")
# Run from their source by name, as on the board.
SCRIPTS = (FIRMWARE / "boot.py", FIRMWARE / "loader.py", FIRMWARE / "main.py")
ARCHITECTURE = {32: "x86", 64: "x64"}


def application() -> list[tuple[Path, str]]:
    """(source file, path on the node) of everything the node's filesystem holds, before compiling."""
    files = [(script, "/" + script.name) for script in SCRIPTS if script.exists()]
    for package in PACKAGES:
        for source in sorted(package.rglob("*.py")):
            files.append((source, f"/lib/{package.name}/{source.relative_to(package).as_posix()}"))
    return files


def _stamp(files: list[tuple[Path, str]], binary_stamp: str) -> str:
    digest = hashlib.sha256(binary_stamp.encode())
    digest.update((ROOT / "boards" / "SIM" / "lightwave_sim" / "image.py").read_bytes())
    for source, target in files:
        digest.update(f"{target}\0".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _factory_image() -> bytes:
    """An application image without code, so that slot 0 is what a bootloader accepts."""
    # Not at the top: a build with nothing to do takes less time than this import.
    sys.path.insert(0, str(ROOT / "boards" / "SIM"))
    from lightwave_sim.image import build_image

    return build_image("0")


def _compile(source: Path, target: str, out: Path, mpy_cross: Path, bits: int) -> str:
    """Put one file into the staging folder; returns its path on the node."""
    if source in SCRIPTS:
        shutil.copy(source, out)
        return target
    # -s: tracebacks name the file as the node knows it, and no path of this machine goes into the image.
    run([str(mpy_cross), f"-march={ARCHITECTURE[bits]}", "-O1", "-s", target.lstrip("/"), "-o", str(out), str(source)])
    return target[: -len(".py")] + ".mpy"


def ensure(binary: Path, mpy_cross: Path, bits: int, binary_stamp: str) -> Path:
    """The flash template, rebuilt when the application or the board has changed."""
    template = binary.parent / "flash-template.bin"
    stamp_file = binary.parent / "flash-template.stamp"
    files = application()
    stamp = _stamp(files, binary_stamp)
    if template.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        return template
    print(f"Writing the flash image ({len(files)} files) ...", flush=True)
    stage = BUILD / "flash-stage"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    lines = [f"image {stage / 'image'}"]
    (stage / "image").write_bytes(_factory_image())
    for number, (source, target) in enumerate(files):
        staged = stage / str(number)
        lines.append(f"{_compile(source, target, staged, mpy_cross, bits)} {staged}")
    (stage / "list").write_text("\n".join(lines) + "\n")
    environment = {**os.environ, "K1_SIM_DIR": str(stage)}
    output = run([str(binary), "-X", "heapsize=4M", "-m", "sim_flasher", str(stage / "list")], env=environment)
    if not (stage / "flash.bin").exists():
        raise BuildError(f"the SIM board wrote no flash image: {output}")
    (stage / "flash.bin").replace(template)
    shutil.rmtree(stage)
    stamp_file.write_text(stamp)
    return template
