"""The application as a node's files: compiled when its source has changed, copied when the node has another."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from _flash_errors import FlashError
from _import_order import import_order
from _node_repl import NodeFacts, Repl

import _flash_image
import build
from _build_common import BUILD, BuildError, build_lock, run
from lightwave.app_archive import Unpacker

LIBRARY = "/lib/"
OUTPUT = BUILD / "deploy"
FOLDERS = ("/lib/lightwave", "/lib/lightwave_hw", "/lib/lightwave_node")  # nothing but ours lies there
Files = dict[str, bytes]
Progress = Callable[[float], None]
_COMPILING = threading.Lock()


def compiled(node: NodeFacts) -> Files:
    """Path on the node: bytes. Raises FlashError when this MicroPython's files are none of that node's."""
    scripts = _scripts()
    if node.is_frozen:
        scripts.pop("/loader.py", None)  # it is frozen as well, and comes first
        return scripts
    with _COMPILING:  # one thread of this process, then one process
        try:
            return {**scripts, **_modules(node)}
        except BuildError as error:
            raise FlashError(str(error).splitlines()[0], "Run `make setup`") from None


def _sources() -> list[tuple[Path, str]]:
    return _flash_image.application()


def _scripts() -> Files:
    """What MicroPython runs by name, from source."""
    return {target: source.read_bytes() for source, target in _sources() if not target.startswith(LIBRARY)}


def source_times() -> dict[Path, int]:
    """When each file of the application was written last: what a change of means that it is to be deployed again."""
    times = {}
    for source, _ in _sources():
        try:
            times[source] = source.stat().st_mtime_ns
        except FileNotFoundError:
            pass  # an editor is putting a new one there
    return times


def _modules(node: NodeFacts) -> Files:
    mpy_cross = BUILD / "mpy-cross" / "mpy-cross"
    if not mpy_cross.exists():
        mpy_cross = build.ensure_sim().mpy_cross
    _check_version(mpy_cross, node)
    folder = OUTPUT / node.architecture
    with build_lock("deploy"):
        known = _known(folder)
        files, stamps = {}, {}
        for source, target in _sources():
            if not target.startswith(LIBRARY):
                continue
            place = folder / target.lstrip("/").replace(".py", ".mpy")
            stamp = hashlib.sha256(source.read_bytes() + str(mpy_cross.stat().st_mtime_ns).encode()).hexdigest()
            if known.get(target) != stamp or not place.exists():
                _compile(source, target, place, mpy_cross, node.architecture)
            stamps[target] = stamp
            files[target.replace(".py", ".mpy")] = place.read_bytes()
        (folder / "stamps.json").write_text(json.dumps(stamps))
    return files


def mountable(node: NodeFacts) -> tuple[Path, list[str]]:
    """A folder on this machine that holds the compiled application as `import` looks for it, and the order to import it
    in. Raises FlashError."""
    if node.is_frozen:
        node = replace(node, build="")  # what is mounted comes before what is frozen
    folder = OUTPUT / node.architecture / "mount"
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in compiled(node).items():
        place = folder / path.removeprefix("/lib/").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    names = {_module_name(path): source for source, path in _sources()}
    return folder, import_order(names, "lightwave_hw.start", "lightwave_node.effects")


def _module_name(path: str) -> str:
    """What a file of the node is imported as."""
    return path.removeprefix("/lib/").lstrip("/")[:-3].replace("/", ".").removesuffix(".__init__")


def _known(folder: Path) -> Mapping[str, str]:
    try:
        known: dict[str, str] = json.loads((folder / "stamps.json").read_text())
        return known
    except (OSError, ValueError):
        return {}


def _compile(source: Path, target: str, place: Path, mpy_cross: Path, architecture: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # As tools/build.py does it: what was tested there is what runs here.
    command = [str(mpy_cross), f"-march={architecture}", "-O1", "-s", target.lstrip("/"), "-o", str(place), str(source)]
    try:
        run(command)
    except BuildError as error:
        said = str(error).splitlines()
        line = next((found[1] for each in said if (found := re.search(r"line (\d+)", each))), "?")
        raise FlashError(f"{source}:{line}: {said[-1]}", "Mend it; the node keeps what it has") from None


def _check_version(mpy_cross: Path, node: NodeFacts) -> None:
    said = re.search(r"mpy v(\d+)\.(\d+)", run([str(mpy_cross), "--version"]))
    ours = (int(said[1]), int(said[2])) if said else (0, 0)
    if ours != node.mpy:
        theirs = "{}.{}".format(*node.mpy)
        raise FlashError(
            f"the node takes .mpy files of version {theirs}, ours are {ours[0]}.{ours[1]}",
            "Set MICROPY_DIR to its MicroPython's source and run tools/build.py --board SIM",
        )


class _Collector:
    """An unpacker's sink."""

    def __init__(self) -> None:
        self.files: Files = {}
        self._path = ""

    def begin_file(self, path: str, size: int) -> None:
        self._path = "/lib/" + path
        self.files[self._path] = b""

    def write_file(self, piece: bytes) -> None:
        self.files[self._path] += piece

    def end_file(self) -> None:
        pass


def unpacked(archive: bytes) -> Files:
    """The files of an archive of `k1 ota pack`, with boot.py, main.py and the loader, which no archive holds."""
    collector = _Collector()
    Unpacker(collector).feed(archive)
    scripts = _scripts()
    return {**scripts, **collector.files}


def deploy(repl: Repl, files: Files, progress: Progress) -> tuple[int, int]:
    """Make the node's files these: (copied, removed). What is the same already is left alone."""
    there = repl.hashes(FOLDERS, [path for path in files if not path.startswith(FOLDERS)])
    wanted = {path: data for path, data in files.items() if there.get(path) != hashlib.sha256(data).hexdigest()}
    # A module that was renamed or removed here must not be found there; with none of ours, they are frozen.
    stale = [path for path in there if path not in files and path.startswith(FOLDERS)]
    repl.remove(stale)
    total, done = max(1, sum(map(len, wanted.values()))), 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        progress(done / total)

    for path, data in sorted(wanted.items()):
        repl.put(path, data, step)
    return len(wanted), len(stale)
