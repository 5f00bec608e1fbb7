"""The unmodified mpremote on a board that was running its application."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _boot_watch import watch
from mpremote.transport_serial import SerialTransport

from tests.hil.board import START_S, Board

FOLDER = "/hil"


REMOVE = f"""
import os
def remove(path):
    for entry in os.ilistdir(path):
        inner = path + "/" + entry[0]
        (remove if entry[1] == 0x4000 else os.remove)(inner)
    os.rmdir(path)
try:
    remove({FOLDER!r})
except OSError:
    pass
"""


@pytest.fixture
def folder(board: Board) -> Iterator[str]:
    """An empty folder on the board, gone afterwards."""
    board.mpremote("exec", REMOVE + f"os.mkdir({FOLDER!r})")
    yield FOLDER
    board.mpremote("exec", REMOVE)


def test_exec_and_eval(board: Board) -> None:
    assert board.mpremote("exec", "print('one'); print(2)") == "one\n2\n"
    assert board.mpremote("eval", "6 * 7").strip() == "42"


def test_code_goes_by_raw_paste(board: Board) -> None:
    transport = SerialTransport(board.port, timeout=5)
    try:
        transport.enter_raw_repl(soft_reset=False)
        lines = "".join(f"print({number})\n" for number in range(300))
        assert transport.exec(lines).decode().split() == [str(number) for number in range(300)]
        assert transport.use_raw_paste  # it was not refused
        transport.exit_raw_repl()
    finally:
        transport.close()


def test_run(board: Board, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print(sum(range(101)))\n" + "# a longer file\n" * 300)
    assert board.mpremote("run", str(script)) == "5050\n"


def test_files_there_and_back(board: Board, folder: str, tmp_path: Path) -> None:
    data = os.urandom(5000)
    (tmp_path / "data.bin").write_bytes(data)
    board.mpremote("cp", str(tmp_path / "data.bin"), f":{folder}/data.bin")
    assert "5000 data.bin" in board.mpremote("ls", f":{folder}")
    board.mpremote("cp", f":{folder}/data.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == data
    board.mpremote("rm", f":{folder}/data.bin")
    assert "data.bin" not in board.mpremote("ls", f":{folder}")


def test_a_folder_with_all_that_is_in_it(board: Board, folder: str, tmp_path: Path) -> None:
    (tmp_path / "package" / "inner").mkdir(parents=True)
    (tmp_path / "package" / "inner" / "module.py").write_text("VALUE = 7\n")
    board.mpremote("cp", "-r", str(tmp_path / "package"), f":{folder}/")
    assert board.mpremote("cat", f":{folder}/package/inner/module.py") == "VALUE = 7\n"


def test_an_install_as_mip_makes_it(board: Board, folder: str, tmp_path: Path) -> None:
    (tmp_path / "hil_module.py").write_text("ANSWER = 42\n")
    package = {"urls": [["hil_module.py", "hil_module.py"]], "version": "1.0"}
    (tmp_path / "package.json").write_text(json.dumps(package))
    board.mpremote("mip", "install", "--no-mpy", "--target", folder, str(tmp_path / "package.json"))
    asked = f"import sys; sys.path.append('{folder}'); import hil_module; print(hil_module.ANSWER)"
    assert board.mpremote("exec", asked).strip() == "42"


def test_a_mounted_folder_is_imported_from(board: Board, tmp_path: Path) -> None:
    (tmp_path / "on_the_host.py").write_text("print('from this machine')\n")
    assert "from this machine" in board.mpremote("mount", str(tmp_path), "exec", "import on_the_host")


def test_soft_reset_leaves_nothing_behind(board: Board) -> None:
    board.mpremote("exec", "left_behind = 1")
    board.mpremote("soft-reset")
    assert board.mpremote("exec", "print('left_behind' in globals())").strip() == "False"


def test_reset_starts_the_application(board: Board) -> None:
    board.mpremote("reset")
    assert watch(board.port, START_S).node_id is not None
