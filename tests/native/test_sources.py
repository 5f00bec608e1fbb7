"""One set of kernels: the user module, the loadable module, the tests and the benches are made of the same files."""

import re
from pathlib import Path

import pytest

from host_kernels import KERNELS, NATIVE

NEED_A_PORT = {"audio_task", "led_show"}  # plain C, but nothing without the board's drivers beside them
BUILD_FILES = ["micropython.mk", "micropython.cmake", "natmod/Makefile"]


def included(source: Path, seen: set[str]) -> set[str]:
    """All that a file includes, headers of headers too."""
    for name in re.findall(r'^#include [<"]([^>"]+)', source.read_text(), re.M):
        if name not in seen:
            seen.add(name)
            if (NATIVE / name).exists():
                included(NATIVE / name, seen)
    return seen


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_includes_c_headers_and_kernels_only(kernel: str) -> None:
    names = included(NATIVE / f"{kernel}.c", set())
    ours = {name for name in names if (NATIVE / name).exists()}
    assert all(not (NATIVE / name).with_suffix(".c").exists() or Path(name).stem in KERNELS for name in ours)
    assert {name for name in names - ours if "/" in name} == set()


@pytest.mark.parametrize("build_file", BUILD_FILES)
def test_every_build_is_made_of_all_kernels(build_file: str) -> None:
    listed = set(re.findall(r"(\w+)\.c\b", (NATIVE / build_file).read_text()))
    plain = {path.stem for path in NATIVE.glob("*.c")} - NEED_A_PORT
    plain = {name for name in plain if not name.startswith("mod") and not name.endswith("_idf")}
    assert plain == set(KERNELS)
    assert set(KERNELS) <= listed
