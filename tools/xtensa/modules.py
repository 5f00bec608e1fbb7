"""Every device module through `mpy-cross -march=xtensawin`, as they would go to a board."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _build_common import BuildError

from . import ToolchainUnavailable, XtensaError
from .kernels import ROOT

DEVICE_FOLDERS = ("firmware", "shared/lightwave")


def mpy_cross() -> Path:
    """The compiler that the SIM board was built with; builds it if need be."""
    # Not at the top of the file: ruff would sort this import by whether a folder build/ exists yet.
    from build import ensure_sim

    try:
        return ensure_sim().mpy_cross
    except BuildError as error:
        raise ToolchainUnavailable(str(error)) from error


def device_modules() -> list[Path]:
    return sorted(path for folder in DEVICE_FOLDERS for path in (ROOT / folder).rglob("*.py"))


def import_name(module: Path) -> str:
    """lightwave_hw.board for firmware/lightwave_hw/board.py."""
    parts = module.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def ensure(compiler: Path, out: Path) -> Path:
    """The folder `out` with all of them, compiled anew where one or the compiler has changed."""
    digest = hashlib.sha256(compiler.read_bytes())
    for module in device_modules():
        digest.update(f"{module}\0".encode() + module.read_bytes())
    stamp = out / "stamp"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        shutil.rmtree(out, ignore_errors=True)
        compile_modules(compiler, out, device_modules())
        stamp.write_text(digest.hexdigest())
    return out


def compile_modules(compiler: Path, out: Path, modules: Iterable[Path]) -> list[Path]:
    """The .mpy files, in the same folders below `out`. XtensaError names each module that is refused, and why."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda module: _compile(compiler, out, module), modules))
    refused = [result for result in results if isinstance(result, str)]
    if refused:
        raise XtensaError("\n".join(refused))
    return [result for result in results if isinstance(result, Path)]


def _compile(compiler: Path, out: Path, module: Path) -> Path | str:
    """The .mpy, or what the compiler said."""
    name = module.relative_to(ROOT) if module.is_relative_to(ROOT) else Path(module.name)
    target = out / name.with_suffix(".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    # -s: tracebacks on the board show the name in the repository, not this machine's path.
    command = [str(compiler), "-march=xtensawin", "-s", str(name), "-o", str(target), str(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"mpy-cross -march=xtensawin refused {name}:\n{(done.stderr or done.stdout).strip()}"
    return target
