"""No function that runs every frame needs more than 11 words of arguments, locals and stack.

MicroPython takes the frame of a larger one from the heap at every call (VM_MAX_STATE_ON_STACK in py/objfun.c). A locked
heap does not tell: then it falls back to the C stack. So this reads what the compiler wrote before each function.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = ROOT / "firmware" / "lightwave_node"
HW = ROOT / "firmware" / "lightwave_hw"
SHARED = ROOT / "shared" / "lightwave"
MOST_WORDS = 11
EXCEPTION_WORDS = 3  # what one level of try takes
# File: its functions that do not run every frame or with every packet.
EFFECTS = {path: ("names",) if path.stem == "__init__" else () for path in sorted((NODE / "effects").glob("*.py"))}
HOT = EFFECTS | {
    NODE / "canvas.py": ("__init__",),
    NODE / "strip.py": ("__init__",),
    NODE / "palettes.py": ("names", "gradients", "<listcomp>"),
    NODE / "light.py": ("_srgb", "<listcomp>"),
    NODE / "renderer.py": ("__init__",),
    NODE / "frame_grid.py": ("__init__",),
    NODE / "fallback.py": ("__init__",),
    NODE / "hearing.py": ("__init__",),
    NODE / "stream.py": ("__init__",),
    NODE / "time_pings.py": ("__init__", "begin"),
    NODE / "show_state.py": ("apply_edge", "apply_state"),  # ten times a second
    HW / "leds_native.py": ("__init__",),
    HW / "leds_stock.py": ("__init__", "<dictcomp>"),
    HW / "clock.py": ("__init__",),
    HW / "audio.py": ("__init__",),
    HW / "audio_task.py": ("__init__",),
    SHARED / "ticks.py": (),
    SHARED / "histogram.py": ("__init__", "percentile"),
    SHARED / "beat.py": ("__init__",),
    SHARED / "clock_fit.py": ("__init__",),
    SHARED / "timesync.py": ("__init__",),
    SHARED / "running_median.py": ("__init__",),
    SHARED / "edges.py": ("__init__",),
    SHARED / "apply_queue.py": ("__init__",),
}


@cache
def tools() -> tuple[str, str]:
    """mpy-cross, and MicroPython's reader of what it writes."""
    sys.path.insert(0, str(ROOT / "tools"))
    import _micropython_source
    from build import ensure_sim

    return str(ensure_sim().mpy_cross), str(_micropython_source.locate() / "tools" / "mpy-tool.py")


@pytest.fixture(scope="module")
def words_by_file(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, int]]:
    """Words of each function of each file; all files in one run of the reader, which takes long to start."""
    mpy_cross, mpy_tool = tools()
    folder = tmp_path_factory.mktemp("mpy")
    compiled = []
    for number, file in enumerate(HOT):
        compiled.append(str(folder / f"{number}.mpy"))
        subprocess.run([mpy_cross, "-o", compiled[-1], str(file)], check=True)
    done = subprocess.run([sys.executable, mpy_tool, "-d", *compiled], check=True, capture_output=True, text=True)
    listings = re.split(r"^mpy_source_file: .*$", done.stdout, flags=re.MULTILINE)[1:]
    return {file: words_in(listing) for file, listing in zip(HOT, listings, strict=True)}


def words_in(listing: str) -> dict[str, int]:
    found = re.findall(r"simple_name: (\S+)\n.*\n\s*prelude: \((\d+), (\d+)", listing)
    return {name: int(state) + EXCEPTION_WORDS * int(tries) for name, state, tries in found}


@pytest.mark.parametrize("file", HOT, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_frames_fit_the_stack(words_by_file: dict[Path, dict[str, int]], file: Path) -> None:
    words = words_by_file[file]
    hot = {name: size for name, size in words.items() if name not in (*HOT[file], "<module>")}
    assert hot or file.parent.name == "effects"
    assert {name: size for name, size in hot.items() if size > MOST_WORDS} == {}
