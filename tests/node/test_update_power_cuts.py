"""Power cuts in the middle of updates: whatever was being written, the node starts, and what it starts is whole."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.node.test_on_micropython import interpreter

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.timeout(300)
def test_an_application_update_survives_a_cut_in_every_write(tmp_path: Path) -> None:
    done = subprocess.run(
        [interpreter(), "-X", "heapsize=32M", str(HERE / "power_cuts.py")],
        env={
            **os.environ,
            "MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'shared'}:.frozen",
            "K1_SIM_DIR": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.stdout.endswith("end\n"), done.stdout
    found = re.search(r"^writes (\d+)$", done.stdout, re.MULTILINE)
    assert found is not None and int(found[1]) > 200, done.stdout
