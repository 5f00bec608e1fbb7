"""A short soak of a real fleet: a node and the hub are restarted, and the report is there."""

import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_short_soak(tmp_path):
    command = [sys.executable, "-m", "tests.soak", "--seconds", "12", "--nodes", "2", "--every", "1"]
    command += ["--restart-node", "3", "--restart-hub", "15", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert "CRASH" not in result.stdout, result.stdout + result.stderr
    with open(tmp_path / "soak.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["hub_life"] for row in rows} == {"0", "1"}
    assert all(float(row["hub_rss_mb"]) > 10 for row in rows)
    assert any(float(row["node2_fps_b"] or 0) > 30 for row in rows)
    assert (tmp_path / "soak.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    # Whether this machine was calm enough for the rules is not the matter here; that the exit code tells it is.
    assert result.returncode == int("BROKEN" in result.stdout), result.stdout + result.stderr
    for name in ("all play after a node's restart", "all play after a hub's restart"):
        assert name in result.stdout
