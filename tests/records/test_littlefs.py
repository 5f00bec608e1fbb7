"""The store on littlefs2 on the SIM's MicroPython, its power cut at every program and erase of a run."""

import subprocess
from pathlib import Path

from build import ensure_sim

SCRIPT = Path(__file__).parent / "on_littlefs.py"
SHARED = Path(__file__).parents[2] / "shared"


def test_no_cut_loses_a_synced_record_or_brings_back_an_erased_one() -> None:
    command = [str(ensure_sim().binary), "-X", "heapsize=8M", str(SCRIPT), str(SHARED), "1"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False
    )
    *_, last = done.stdout.splitlines()
    word, cuts, *_ = last.split()
    assert word == "cuts" and int(cuts) > 200, done.stdout
