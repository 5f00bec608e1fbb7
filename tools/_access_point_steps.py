"""Steps with their undoing: done one by one, each noted before it is done, so that also half of them can be undone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_NOTES = "steps.json"
COMMAND_S = 60


class AccessPointError(Exception):
    """Why there is no access point: `cause`, and `remedy`, what to do next."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}. {remedy}.")
        self.cause = cause
        self.remedy = remedy


@dataclass(frozen=True)
class Step:
    """A command, or a file of that content (never shown: it may hold a password). `undo`: a command; `pid_file`: of a
    daemon that undoing ends; files are removed."""

    why: str
    command: tuple[str, ...] = ()
    file: str = ""
    content: str = ""
    undo: tuple[str, ...] = ()
    pid_file: str = ""

    def lines(self) -> list[str]:
        what = f"write {self.file} (only root reads it)" if self.file else shlex.join(self.command)
        back = shlex.join(self.undo) if self.undo else ""
        back = f"remove {self.file}" if self.file else f"end the process of {self.pid_file}" if self.pid_file else back
        return [f"{self.why}:", f"    {what}", *([f"    undone by: {back}"] if back else [])]


class Steps:
    """In `folder`, which is there as long as something is to be undone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / _NOTES

    def are_done(self) -> bool:
        return self._notes.exists()

    def do(self, steps: Sequence[Step]) -> None:
        """All of them, or none: what was done is undone again where one fails. Raises AccessPointError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        done: list[Step] = []
        for step in steps:
            done.append(step)
            self._note(done)
            try:
                _do(step)
            except (OSError, subprocess.SubprocessError) as error:
                self.undo(lambda text: None)
                words = getattr(error, "stderr", "") or str(error)
                raise AccessPointError(
                    f"{step.why} did not work: {' '.join(words.split())[:300]}", "All was undone; mend it and try again"
                ) from None

    def undo(self, told: Callable[[str], None]) -> None:
        """Everything, the last first; what cannot be undone is told and does not stop the rest."""
        for step in reversed(self._read()):
            try:
                _undo(step)
            except (OSError, subprocess.SubprocessError) as error:
                told(f"not undone: {step.why}: {getattr(error, 'stderr', '') or error}")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self) -> list[Step]:
        try:
            notes = json.loads(self._notes.read_text())
        except (OSError, ValueError):
            return []
        return [Step(**{**each, "command": tuple(each["command"]), "undo": tuple(each["undo"])}) for each in notes]

    def _note(self, steps: Sequence[Step]) -> None:
        notes = [{**asdict(step), "content": ""} for step in steps]  # never a password
        self._notes.write_text(json.dumps(notes))


def _do(step: Step) -> None:
    if step.file:
        descriptor = os.open(step.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(step.content)
    else:
        _run(step.command)


def _undo(step: Step) -> None:
    if step.file:
        Path(step.file).unlink(missing_ok=True)
    elif step.pid_file:
        try:
            os.kill(int(Path(step.pid_file).read_text()), signal.SIGTERM)
        except (ValueError, FileNotFoundError, ProcessLookupError):
            pass  # it never started, or ended by itself
    elif step.undo:
        _run(step.undo)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_S, check=False
    )
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr or done.stdout)
