"""What the build tools share: places, one error, one way to run a command."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
# Enough of a failed command's output to see its first error.
TAIL_LINES = 40


class BuildError(Exception):
    """The build cannot go on; the message is one sentence for the user, with the remedy if there is one."""


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command quietly and return its output; BuildError with the end of it when it fails."""
    result = subprocess.run(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-TAIL_LINES:])
        raise BuildError(f"{command[0]} failed ({result.returncode}):\n{tail}")
    return result.stdout
