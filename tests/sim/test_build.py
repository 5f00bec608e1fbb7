"""tools/build.py: what it leaves behind, and that a second run has nothing to do."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import build
from _build_common import BuildError


def test_outputs(sim_build: build.SimBuild) -> None:
    assert b"K1 SIM board" in subprocess.check_output([sim_build.binary, "--version"])
    assert b"mpy" in subprocess.check_output([sim_build.mpy_cross, "--version"])
    image = sim_build.flash_template.stat()
    assert image.st_size == 8 * 1024 * 1024
    assert image.st_blocks * 512 < 1024 * 1024  # erased flash is a hole


def test_second_build_is_instant(sim_build: build.SimBuild) -> None:
    build.ensure_sim()  # the session's build may be minutes old, and the firmware edited since
    before = sim_build.binary.stat().st_mtime_ns, sim_build.flash_template.stat().st_mtime_ns
    start = time.monotonic()
    assert build.ensure_sim() == sim_build
    assert time.monotonic() - start < 0.3
    assert (sim_build.binary.stat().st_mtime_ns, sim_build.flash_template.stat().st_mtime_ns) == before


def test_concurrent_builds_do_not_collide(sim_build: build.SimBuild) -> None:
    command = [sys.executable, build.__file__, "--board", "SIM"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = {process.communicate()[0] for process in running}
    assert len(outputs) == 1
    assert str(sim_build.binary) in outputs.pop()


def test_missing_tools_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MICROPY_DIR", raising=False)
    # 32-bit support comes with the compiler, so that one call of apt brings all.
    assert [name for name in build.missing_packages() if name != "gcc-multilib"] == ["gcc", "make", "dpkg-dev"]
    with pytest.raises(BuildError, match="apt-get install gcc make dpkg-dev"):
        build.ensure_sim()


def test_a_wrong_source_tree_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MICROPY_DIR", str(tmp_path))
    with pytest.raises(BuildError, match="not a MicroPython source tree"):
        build.ensure_sim()
