"""tools/build.py for the ESP32-S3 boards: what it says when something is missing, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import _esp32_build
import _flash_image
import _micropython_source
import build
from _build_common import BuildError
from xtensa import ToolchainUnavailable, products

from .conftest import BOARDS, ROOT, Trees, write

XTENSAWIN = 10  # MP_NATIVE_ARCH_XTENSAWIN; 0 in a file without native code
MPY_VERSION, MPY_SUB_VERSION = 6, 3
SMALL_INT_BITS = 31


def run_build(trees: Trees) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "build.py"), "--board", "K1_S3"]
    return subprocess.run(command, env=trees.environment, capture_output=True, text=True, check=False)


def refusal(trees: Trees) -> str:
    """The one sentence build.py ends with, having exited with 2."""
    done = run_build(trees)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def test_without_idf(trees: Trees) -> None:
    assert "needs ESP-IDF 5.4 or 5.5, but IDF_PATH is not set" in refusal(trees.with_micropython())


def test_something_else_in_idf_path(trees: Trees) -> None:
    assert "is not an ESP-IDF tree" in refusal(trees.having({"IDF_PATH": str(trees.folder)}))


@pytest.mark.parametrize("version", ["4.4.8", "5.3.3", "5.6.0", "6.0.0"])
def test_an_idf_of_another_version(trees: Trees, version: str) -> None:
    assert f"is ESP-IDF {version}, but K1_S3 needs 5.4 or 5.5" in refusal(trees.with_idf(version))


def test_an_idf_that_was_not_exported(trees: Trees) -> None:
    trees.with_idf(exported=False).with_micropython()
    assert f"idf.py is not on the PATH: run `. {trees.folder}/esp-idf/export.sh`" in refusal(trees)


def test_without_micropython(trees: Trees) -> None:
    assert "needs MicroPython 1.28 or newer: set MICROPY_DIR" in refusal(trees.with_idf("5.4.2"))


def test_something_else_in_micropy_dir(trees: Trees) -> None:
    trees.with_idf().having({"MICROPY_DIR": str(trees.folder)})
    assert "is not a MicroPython source tree with its ESP32 port" in refusal(trees)


@pytest.mark.parametrize("version", ["1.25.0", "1.27.0"])
def test_a_micropython_that_is_too_old(trees: Trees, version: str) -> None:
    sentence = f"is MicroPython {version}, but K1_S3 needs 1.28 or newer"
    assert sentence in refusal(trees.with_idf().with_micropython(version))


def test_a_micropython_without_its_submodules(trees: Trees) -> None:
    trees.with_idf().with_micropython(submodules=False)
    assert "lacks its submodules: run `make -C" in refusal(trees)


def test_micropythons_own_version_is_found(micropython: Path) -> None:
    version = _esp32_build._micropython_version(micropython)
    assert version is not None and version >= (1, 25, 0)


@pytest.fixture
def in_tmp(trees: Trees, monkeypatch: pytest.MonkeyPatch) -> Trees:
    """Everything is there, and the build goes to a folder of the test's."""
    trees.with_idf().with_micropython()
    for name in ("PATH", "IDF_PATH", "MICROPY_DIR"):
        monkeypatch.setenv(name, trees.environment[name])
    monkeypatch.setattr(_esp32_build, "BUILD", trees.folder / "build")
    return trees


def test_the_build_is_micropythons_own_with_our_board(in_tmp: Trees) -> None:
    out = in_tmp.folder / "build" / "k1_s3"
    images = _esp32_build.k1_s3()
    names = ["firmware.bin", "bootloader.bin", "partition-table.bin", "micropython.bin"]
    assert images == [out / name for name in names]
    assert [image.read_text().split("/")[-1].strip() + ".bin" for image in images] == names
    told = (out / "idf" / "told").read_text().split()
    assert told == ["K1_S3", str(BOARDS / "K1_S3"), str(out / "mpy-cross" / "mpy-cross")]


def test_another_source_tree_begins_anew(in_tmp: Trees, monkeypatch: pytest.MonkeyPatch) -> None:
    _esp32_build.k1_s3()
    leftover = write(in_tmp.folder / "build" / "k1_s3" / "idf" / "leftover", "")
    _esp32_build.k1_s3()
    assert leftover.exists()
    moved = (in_tmp.folder / "micropython").rename(in_tmp.folder / "another")
    monkeypatch.setenv("MICROPY_DIR", str(moved))
    _esp32_build.k1_s3()
    assert not leftover.exists()


def test_an_image_that_is_missing_is_an_error(in_tmp: Trees, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_esp32_build, "IMAGES", (*_esp32_build.IMAGES, "another.bin"))
    with pytest.raises(BuildError, match=r"left no .*another\.bin"):
        _esp32_build.k1_s3()


def test_micropythons_makefile_takes_what_we_give_it(micropython: Path) -> None:
    """The real makefile, asked what it would run: that it runs idf.py with our board and into our folder."""
    settings = ["BOARD=K1_S3", f"BOARD_DIR={BOARDS / 'K1_S3'}", "BUILD=somewhere"]
    command = ["make", "-n", "-C", str(micropython / "ports" / "esp32"), *settings]
    planned = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f'-D MICROPY_BOARD=K1_S3 -D MICROPY_BOARD_DIR="{BOARDS / "K1_S3"}"' in planned
    assert "-B somewhere build" in planned
    for image in _esp32_build.IMAGES:
        assert f"somewhere/{image}" in planned


@pytest.fixture(scope="module")
def generic_s3() -> Path:
    return _esp32_build.generic_s3(build.ensure_sim().mpy_cross, sound=False)


def test_generic_s3_holds_the_whole_application(generic_s3: Path) -> None:
    wanted = {"config.json"}
    for source, target in _flash_image.application():
        name = target.lstrip("/")
        wanted.add(name if source in _flash_image.SCRIPTS else str(Path(name).with_suffix(".mpy")))
    assert {"boot.py", "main.py", "lib/lightwave/constants.mpy", "lib/lightwave_node/pipeline.mpy"} <= wanted
    assert {str(path.relative_to(generic_s3)) for path in generic_s3.rglob("*") if path.is_file()} == wanted


def test_every_module_is_for_the_boards_micropython(generic_s3: Path) -> None:
    native = set()
    for module in generic_s3.rglob("*.mpy"):
        magic, version, features, small_int_bits = module.read_bytes()[:4]
        assert (magic, version, small_int_bits) == (ord("M"), MPY_VERSION, SMALL_INT_BITS), module
        if features >> 2:
            assert (features >> 2, features & 3) == (XTENSAWIN, MPY_SUB_VERSION), module
            native.add(module.parent.name)
    assert "kernels_viper" in native


def test_no_path_of_this_machine_goes_onto_a_board(generic_s3: Path) -> None:
    root = str(ROOT).encode()
    assert [path for path in generic_s3.rglob("*.mpy") if root in path.read_bytes()] == []


def test_sound_is_refused_for_boards_that_have_it() -> None:
    command = [sys.executable, str(ROOT / "tools" / "build.py"), "--board", "K1_S3", "--sound"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--sound is for GENERIC_S3" in done.stderr


def test_without_a_cross_compiler_the_sound_module_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ensure() -> None:
        raise ToolchainUnavailable("no mirror")

    monkeypatch.setattr(products, "ensure", ensure)
    monkeypatch.setattr(_esp32_build, "BUILD", tmp_path)
    with pytest.raises(BuildError, match="the sound module was not built: no mirror"):
        _esp32_build.generic_s3(build.ensure_sim().mpy_cross, sound=True)


def test_a_compiler_that_writes_wrong_code_for_xtensa_is_known_and_mended(tmp_path: Path, micropython: Path) -> None:
    """MicroPython 1.25's stores the wrong register in viper code."""
    tree = tmp_path / "micropython"
    (tree / "py").mkdir(parents=True)
    emitter = "py/emitnative.c"
    store = "asm_xtensa_op_s16i(emit->as, %s, reg_base, index_value);"
    (tree / emitter).write_text(store % "REG_RET")
    assert _micropython_source.writes_wrong_xtensa_code(tree)
    _micropython_source.mend(tree)
    assert (tree / emitter).read_text() == store % "reg_value"
    assert not _micropython_source.writes_wrong_xtensa_code(tree)
    assert not _micropython_source.writes_wrong_xtensa_code(micropython)
