"""`k1 ota`: what it prints and what it packs. tests/system/test_ota.py brings releases to nodes with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightwave_hub.cli import ota
from lightwave_hub.cli.client import HubClient
from lightwave_hub.cli.main import main
from lightwave_hub.errors import UnreachableError
from lightwave_hub.ota import images
from tests.hub.cli_support import HubProcess, k1
from tests.hub.ota_support import APP_FILES, firmware


def member(**changes: Any) -> dict[str, Any]:
    return {"mac": "AA:BB:CC:DD:EE:01", "stage": "all", "state": "waiting", "detail": "", "ota": {}} | changes


@pytest.mark.parametrize(
    ("of", "bar"),
    [
        (member(), "[........................]   0 %"),
        (member(state="ordered"), "[........................]   0 %"),
        (member(state="ordered", ota={"state": "downloading", "pct": 50}), "[############............]  50 %"),
        (member(state="done"), "[########################] 100 %"),
        (member(state="failed"), "[........................]   0 %"),
    ],
)
def test_a_nodes_progress_bar(of: dict[str, Any], bar: str) -> None:
    assert ota.bar(of) == bar


def test_a_rollout_in_lines() -> None:
    members = [member(state="done", detail="runs 2.0.0"), member(mac="AA:BB:CC:DD:EE:02", ota={"state": "checking"})]
    rollout = {
        "kind": "push",
        "number": 3,
        "version": "2.0.0",
        "state": "paused",
        "why": "by order",
        "members": members,
    }
    lines = ota.lines_of(rollout)
    assert lines[0] == "push 3 to 2.0.0 is paused: by order"
    assert lines[1].split() == ["AA:BB:CC:DD:EE:01", "all", "done", f"[{'#' * 24}]", "100", "%", "runs", "2.0.0"]
    assert lines[2].endswith("checking")


def test_watching_outlives_a_restart_of_the_hub(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ota, "ASK_PERIOD_S", 0.001)
    rollout = {"kind": "push", "number": 3, "version": "2.0.0", "state": "running", "why": "", "members": [member()]}
    done = rollout | {"state": "done", "members": [member(state="done")]}
    answers: list[Any] = [{"rollout": rollout}, UnreachableError("hub", "refused"), {"rollout": done}]

    class Hub(HubClient):
        def get(self, path: str) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    assert ota._watch(Hub("http://hub"), as_json=False) == 0
    assert [line.split(" ")[-1] for line in capsys.readouterr().out.splitlines()[:2]] == ["running", "done"]


def test_a_release_comes_and_goes(tmp_path: Path) -> None:
    hub = HubProcess()
    try:
        image = tmp_path / "image.bin"
        image.write_bytes(firmware("2.8.0"))
        assert k1("ota", "add", str(image), "--url", hub.url).stdout.startswith("2.8.0 for K1_S3: ")
        assert k1("ota", "status", "--url", hub.url).stdout.splitlines()[1].split()[:3] == [
            "2.8.0",
            "K1_S3",
            "firmware",
        ]
        done = k1("ota", "remove", "2.8.0", "--board", "K1_S3", "--json", "--url", hub.url)
        assert json.loads(done.stdout) == {"removed": "2.8.0", "board": "K1_S3"}
        assert k1("ota", "status", "--url", hub.url).stdout.startswith("No releases.")
        log = k1("ota", "status", "--log", "--url", hub.url).stdout.splitlines()
        assert [line.split(" ")[2] for line in log] == ["added", "removed"]
    finally:
        hub.stop()


def test_packs_an_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in APP_FILES:
        path = tmp_path / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "lib" / "notes.txt").write_text("stays here")
    archive = tmp_path / "app.k1a"
    assert main(["ota", "pack", str(tmp_path / "lib"), str(archive)]) == 0
    assert images.read(archive.read_bytes()).files == len(APP_FILES)
    assert f"{archive}: 2 files" in capsys.readouterr().out


def test_refuses_a_folder_without_an_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ota", "pack", str(tmp_path), str(tmp_path / "app.k1a")]) == 2
    assert "lightwave_hw/start.mpy" in capsys.readouterr().err
    assert not (tmp_path / "app.k1a").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ota", "add", str(tmp_path / "none.bin")]) == 2
    assert "none.bin" in capsys.readouterr().err
