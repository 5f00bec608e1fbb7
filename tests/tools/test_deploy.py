"""tools/deploy.py against a SIM node: only what changed is compiled and copied, the REPL stays, --watch and --mount."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import _node_app
import deploy
import pytest
from _import_order import import_order
from _node_repl import Repl

import _flash_image
import build
from _build_common import ROOT
from lightwave_sim import SimNode, SimOptions

RUN = """
import sys
sys.path[:0] = [{tools!r}, {root!r}]
from pathlib import Path
import _node_app, deploy
sources = [(Path(source), target) for source, target in {sources!r}]
_node_app._sources = lambda: sources
_node_app.OUTPUT = Path({build!r})
sys.exit(deploy.main(sys.argv[1:]))
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[SimNode]:
    """A node with an older application: it says what it is and waits."""
    build.ensure_sim()
    with SimNode(SimOptions(tmp_path / "node", hub_port=1)) as sim:
        sim.start()
        sim.wait_for("GPU TASK")
        yield sim


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """An application of three files of the test's own, compiled into a folder of the test's own."""
    places = {
        "/main.py": "import lightwave\nlightwave.run()\n",
        "/lib/lightwave/__init__.py": "from lightwave.part import run\n",
        "/lib/lightwave/part.py": "def run():\n    print('the first one runs')\n",
    }
    files = []
    for target, text in places.items():
        source = tmp_path / "sources" / target.lstrip("/")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        files.append((source, target))
    monkeypatch.setattr(_node_app, "_sources", lambda: files)
    monkeypatch.setattr(_node_app, "OUTPUT", tmp_path / "build")
    return files


def test_only_what_changed_is_compiled_and_copied(
    node: SimNode, sources: list[tuple[Path, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["--port", node.serial_path]) == 0
    node.wait_for("the first one runs")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.mpy")}
    assert len(made) == 2
    capsys.readouterr()

    sources[2][0].write_text("def run():\n    print('the second one runs')\n")
    assert deploy.main(["--port", node.serial_path]) == 0
    assert "1 copied, 0 removed, 2 the same" in capsys.readouterr().out
    node.wait_for("the second one runs")
    assert sum(path.stat().st_mtime_ns != before for path, before in made.items()) == 1


def test_what_is_gone_here_is_removed_there(
    node: SimNode, sources: list[tuple[Path, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["--port", node.serial_path]) == 0
    assert " 0 removed" not in capsys.readouterr().out  # the node came with the whole application
    sources[1][0].write_text("def run():\n    print('all in one')\n")
    del sources[2]
    assert deploy.main(["--port", node.serial_path]) == 0
    assert "1 copied, 1 removed" in capsys.readouterr().out
    node.wait_for("all in one")


def test_a_mistake_in_a_source_is_named_and_the_node_keeps_its_files(
    node: SimNode, sources: list[tuple[Path, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["--port", node.serial_path]) == 0
    node.wait_for("the first one runs")
    sources[2][0].write_text("def run(:\n")
    assert deploy.main(["--port", node.serial_path]) == 1
    said = capsys.readouterr().err
    assert f"{sources[2][0]}:1: SyntaxError" in said
    node.wait_for("the first one runs")  # as it does again
    with Repl(node.serial_path) as repl:
        assert "/lib/lightwave/part.mpy" in repl.hashes(["/lib/lightwave"], [])


def test_puts_the_node_into_developer_mode_and_keeps_its_configuration(
    node: SimNode, sources: list[tuple[Path, str]]
) -> None:
    assert deploy.main(["--port", node.serial_path, "--no-restart"]) == 0
    with Repl(node.serial_path) as repl:
        config = repl.config()
    assert config is not None and config["developer"] is True
    assert config["password"] == node.options.password


def test_a_node_without_configuration_is_sent_to_flash(node: SimNode, capsys: pytest.CaptureFixture[str]) -> None:
    with Repl(node.serial_path) as repl:
        repl.remove(["/config.json"])
    assert deploy.main(["--port", node.serial_path]) == 1
    assert "no config.json. Give it one: tools/flash.py" in capsys.readouterr().err


def test_watch_deploys_at_each_save(node: SimNode, sources: list[tuple[Path, str]], tmp_path: Path) -> None:
    said, end = _started(["--watch", "--port", node.serial_path], sources, tmp_path)
    try:
        said("the first one runs")
        sources[2][0].write_text("def run(:\n")
        said("SyntaxError")
        sources[2][0].write_text("def run():\n    print('saved again')\n")
        said("saved again")
    finally:
        assert end() == 0


def test_mount_runs_from_this_machine(node: SimNode, sources: list[tuple[Path, str]], tmp_path: Path) -> None:
    forever = "import time\n\ndef run():\n    print('the mounted one runs')\n    while True:\n        time.sleep(1)\n"
    sources[2][0].write_text(forever)
    start = tmp_path / "sources" / "lib" / "lightwave_hw" / "start.py"  # where the order of imports begins
    start.parent.mkdir()
    start.write_text("import lightwave.part\n")
    sources.append((start, "/lib/lightwave_hw/start.py"))
    with Repl(node.serial_path) as repl:
        before = repl.hashes(_node_app.FOLDERS, ["/main.py"])
    said, end = _started(["--mount", "--port", node.serial_path], sources, tmp_path)
    said("the mounted one runs")
    assert end() == 0
    with Repl(node.serial_path) as repl:
        assert repl.hashes(_node_app.FOLDERS, ["/main.py"]) == before


def _started(
    arguments: list[str], sources: list[tuple[Path, str]], tmp_path: Path
) -> tuple[Callable[[str], None], Callable[[], int]]:
    """deploy.py as a process: what waits until it has said something, and what ends it by Ctrl-C."""
    script = RUN.format(
        tools=str(ROOT / "tools"), root=str(ROOT), build=str(tmp_path / "build"),
        sources=[(str(source), target) for source, target in sources],
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    assert process.stdout is not None
    output = process.stdout
    heard = b""

    def said(text: str) -> None:
        nonlocal heard
        while text.encode() not in heard:
            piece = os.read(output.fileno(), 4096)
            assert piece, heard.decode(errors="replace")
            heard += piece
        heard = heard[heard.index(text.encode()) :]

    def end() -> int:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
        assert b"Traceback" not in rest, rest.decode(errors="replace")
        return process.returncode

    return said, end


def test_modules_come_behind_what_they_import() -> None:
    modules = {_node_app._module_name(target): source for source, target in _flash_image.application()}
    order = import_order(modules, "lightwave_hw.start", "lightwave_node.effects")
    assert order[-1] == "lightwave_hw.start"
    assert (
        order.index("lightwave.clock_fit") < order.index("lightwave.timesync") < order.index("lightwave_node.session")
    )
    assert order.index("lightwave_node.canvas") < order.index("lightwave_node.strip")
    assert "lightwave_node.effects.fire" not in order  # its package imports it
