"""`k1 demo` as a person runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

K1 = [sys.executable, "-m", "lightwave_hub.cli.main"]


def processes_of_group(group: int) -> list[str]:
    """Command lines of what still runs in a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            if session == group:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue  # it ended while we looked
    return found


def test_the_report_has_what_it_promises(tmp_path: Path) -> None:
    report_path, trace = tmp_path / "report.json", tmp_path / "air.csv"
    arguments = ["demo", "--nodes", "2", "--seconds", "4", "--headless", "--report", str(report_path)]
    arguments += ["--wifi", "good", "--record", str(trace)]
    done = subprocess.run([*K1, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    report = json.loads(report_path.read_text())
    assert {"nodes", "scene_changes", "spread_us", "tick", "audio"} <= set(report)
    for node in report["nodes"]:
        assert {"id", "mac", "state", "locked", "lock_s", "fps", "loss_pct", "late", "applied", "drift_us"} <= set(node)
        assert node["state"] in ("READY", "DEGRADED")  # a busy machine loses more than this air
        assert len(node["fps"]) == 2
    assert report["scene_changes"] >= 9
    assert set(report["spread_us"]) == {"p50", "p99", "max"}
    assert set(report["frame_spread_us"]) == {"p50", "p99", "max", "frames", "missed"}
    assert report["frame_spread_us"]["frames"] > 300
    assert report_path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert {line.split(",")[0] for line in trace.read_text().splitlines()} == {"direction", "down", "up"}
    assert report["audio"]["hops"] > 0
    assert report["audio"]["snapshot_torn"] == 0
    assert set(report["tick"]) == {"hz", "overruns", "lateness_us"}


def test_bad_air_can_be_recorded_and_played_back(tmp_path: Path) -> None:
    picture, trace = tmp_path / "played.png", tmp_path / "air.csv"
    for arguments in (["--wifi", "bad", "--record", str(trace)], ["--trace", str(trace), "--report", str(picture)]):
        command = [*K1, "demo", "--nodes", "4", "--seconds", "4", "--headless", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    report = json.loads(picture.with_suffix(".json").read_text())
    assert report["frame_spread_us"]["frames"] > 300
    # As in the model, whose mean is 7.8 %, and not as where ways are mixed up and packets overtake one another.
    assert all(1 < node["loss_pct"] < 30 for node in report["nodes"])


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*K1, "demo", "--nodes", "2", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "READY" in line:
                break
        os.kill(demo.pid, signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(10) == 0, rest
    assert processes_of_group(demo.pid) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nodes", "17"], "1 to 16"),
        (["--audio", "cut.wav"], "cut.wav"),
        (["--audio", "nothing.wav"], "nothing.wav"),
        (["--jitter-ms", "-1"], "0 to 1000"),
        (["--wifi", "good", "--jitter-ms", "1"], "not allowed with"),
        (["--trace", "cut.wav"], "cut.wav, line 1"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    (tmp_path / "cut.wav").write_bytes(b"RIFF\x24\x10\x00\x00WAVEfmt ")
    done = subprocess.run(
        [*K1, "demo", "--headless", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert done.returncode in (1, 2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        arguments = ["demo", "--headless", "--seconds", "1", "--port", str(port)]
        done = subprocess.run([*K1, *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
