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
MOST_WORDS = 11
EXCEPTION_WORDS = 3  # what one level of try takes
# File: its functions that do not run every frame.
HOT = {path.relative_to(NODE).as_posix(): () for path in sorted((NODE / "effects").glob("*.py"))} | {
    "effects/__init__.py": ("names",),
    "canvas.py": ("__init__",),
    "strip.py": ("__init__",),
    "palettes.py": ("names", "gradients", "<listcomp>"),
    "light.py": ("_srgb", "<listcomp>"),
}


@cache
def tools() -> tuple[str, str]:
    """mpy-cross, and MicroPython's reader of what it writes."""
    sys.path.insert(0, str(ROOT / "tools"))
    import _micropython_source
    from build import ensure_sim

    return str(ensure_sim().mpy_cross), str(_micropython_source.locate() / "tools" / "mpy-tool.py")


def words_of_functions(source: Path, out: Path) -> dict[str, int]:
    mpy_cross, mpy_tool = tools()
    subprocess.run([mpy_cross, "-o", str(out), str(source)], check=True)
    done = subprocess.run([sys.executable, mpy_tool, "-d", str(out)], check=True, capture_output=True, text=True)
    found = re.findall(r"simple_name: (\S+)\n.*\n\s*prelude: \((\d+), (\d+)", done.stdout)
    return {name: int(state) + EXCEPTION_WORDS * int(tries) for name, state, tries in found}


@pytest.mark.parametrize("file", HOT)
def test_frames_fit_the_stack(file: str, tmp_path: Path) -> None:
    words = words_of_functions(NODE / file, tmp_path / "out.mpy")
    hot = {name: size for name, size in words.items() if name not in (*HOT[file], "<module>")}
    assert hot or file == "effects/__init__.py"
    assert {name: size for name, size in hot.items() if size > MOST_WORDS} == {}
