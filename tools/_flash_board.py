"""One board from whatever it is to a node that has said hello: the steps, in order, each safe to repeat."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import serial
from _boot_watch import settle, watch
from _flash_chip import FAST_BAUD, Chip, ChipFacts
from _flash_errors import FlashError
from _flash_file import APP, WHOLE, FlashFile, choice_of_slot, first_application
from _flash_provision import SECRETS, Values, merged
from _flash_screen import Screen
from _node_app import compiled, deploy, unpacked
from _node_repl import Repl

from _build_common import BUILD

JOURNAL = BUILD / "flash" / "journal.json"
SETTLE_S = 6


@dataclass(frozen=True)
class Job:
    """What is to be done with every board. `told` are the keys of config.json that the user gave."""

    file: FlashFile | None = None
    erase: bool = False
    told: Values = field(default_factory=dict)
    want_hello: bool = True
    timeout_s: float = 45
    baud: int = FAST_BAUD
    stub: bool = True
    without_psram: bool = False

    @property
    def needs_loader(self) -> bool:
        """Whether the chip has to go into download mode."""
        return self.erase or (self.file is not None and self.file.kind != APP)

    @property
    def fingerprint(self) -> str:
        """Of all but secrets: what is on disk of it could be guessed at."""
        told = {key: value for key, value in self.told.items() if key not in SECRETS}
        data = b"" if self.file is None else self.file.data
        return hashlib.sha256(json.dumps([told, self.erase], sort_keys=True).encode() + data).hexdigest()

    def plan(self) -> list[str]:
        """The steps in words."""
        steps = ["connect to the chip's loader, check chip, flash size and PSRAM"] if self.needs_loader else []
        steps += ["erase the whole flash"] if self.erase else []
        if self.file is not None and self.file.kind != APP:
            steps.append(f"write {self.file}, at {self._place()}; verify it; reset")
        archive = self.file if self.file is not None and self.file.kind == APP else None
        steps.append(f"copy the files of {archive or 'the application'}, as far as they differ")
        # Keys, not values: some are secrets.
        keys = ", ".join(sorted(self.told))
        steps.append(f"write config.json: {keys}" if keys else "write config.json where there is none")
        steps.append("reset, wait for the boot lines" + " and for the first hello" * self.want_hello)
        return steps

    def _place(self) -> str:
        return "0x0" if self.file is not None and self.file.kind == WHOLE else "the board's first application partition"


class Journal:
    """What this run has done with which board, by MAC; on disk, so that --resume can go on. Thread safe."""

    def __init__(self, job: Job, resume: bool, path: Path | None = None) -> None:
        self._path = path or JOURNAL
        self._lock = threading.Lock()
        self._done: dict[str, list[str]] = {}
        self._fingerprint = job.fingerprint
        if resume:
            self._done = self._read()

    def _read(self) -> dict[str, list[str]]:
        try:
            known = json.loads(self._path.read_text())
        except (OSError, ValueError):
            raise FlashError("there is no run to go on with", "Leave out --resume") from None
        if known["job"] != self._fingerprint:
            raise FlashError("the last run was another job: image, --erase or configuration", "Leave out --resume")
        done: dict[str, list[str]] = known["boards"]
        return done

    def has(self, mac: str, step: str) -> bool:
        with self._lock:
            return step in self._done.get(mac, ())

    def note(self, mac: str, step: str) -> None:
        with self._lock:
            if step not in self._done.setdefault(mac, []):
                self._done[mac].append(step)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial = self._path.with_suffix(".new")
            partial.write_text(json.dumps({"job": self._fingerprint, "boards": self._done}))
            partial.replace(self._path)


@dataclass
class Outcome:
    """`memory` is the flash and the PSRAM of a chip that was asked, `version` what the node says it runs. `remedy` is
    empty when all went well."""

    port: str
    mac: str = ""
    memory: str = ""
    version: str = ""
    result: str = ""
    remedy: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return self.remedy != ""


class Flasher:
    """Brings one board through the job; `run` raises nothing, whatever goes wrong. Once `stop` is set, it ends at the
    next moment that leaves the board in a state to go on from."""

    def __init__(self, port: str, job: Job, journal: Journal, screen: Screen, stop: threading.Event) -> None:
        self._job = job
        self._journal = journal
        self._screen = screen
        self._stop = stop
        self._outcome = Outcome(port)

    def run(self) -> Outcome:
        began = time.monotonic()
        outcome = self._outcome
        try:
            self._run()
        except FlashError as error:
            outcome.result, outcome.remedy = error.cause, error.remedy
        except Exception as error:  # ours or a library's: the other boards go on
            outcome.result = f"this tool or a library of it has failed with {type(error).__name__}"
            outcome.remedy = f"Report it with {_kept_traceback(outcome.port)}"
        outcome.seconds = time.monotonic() - began
        self._screen.step(outcome.port, "FAILED" if outcome.failed else outcome.result)
        return outcome

    def _run(self) -> None:
        if self._job.needs_loader:
            if self._load() == "done before":
                self._outcome.result = "done before"
                return
            self._step("starting MicroPython")
            settle(self._outcome.port, SETTLE_S, self._look)
        line = self._deploy()
        self._step("waiting for hello" if self._job.want_hello else "waiting for its start")
        boot = watch(self._outcome.port, self._job.timeout_s, self._job.want_hello, line, self._look)
        self._journal.note(self._outcome.mac, "done")
        self._outcome.version = boot.version
        self._outcome.result = "started" if boot.node_id is None else f"ready: node {boot.node_id}"

    def _look(self) -> None:
        if self._stop.is_set():
            raise FlashError("stopped by Ctrl-C", "Go on with the same command and --resume")

    def _step(self, step: str) -> None:
        self._look()
        self._screen.step(self._outcome.port, step)

    @property
    def _progress(self) -> Callable[[float], None]:
        def show(part: float) -> None:
            self._look()
            self._screen.progress(self._outcome.port, part)

        return show

    # ---- in download mode

    def _load(self) -> str:
        """Erase and write as the job says."""
        job, outcome = self._job, self._outcome
        self._step("connecting")
        with Chip(outcome.port, job.baud, job.stub) as chip:
            facts = chip.facts()
            outcome.mac, outcome.memory = facts.mac, f"{facts.flash_bytes >> 20}+{facts.psram_mb} MB"
            if self._journal.has(facts.mac, "done"):
                chip.reset()
                return "done before"
            if job.file is not None:
                _check(job.file, facts, job.without_psram)
            if job.erase and not self._journal.has(facts.mac, "erased"):
                self._step("erasing")
                chip.erase()
                self._journal.note(facts.mac, "erased")
            if job.file is not None and job.file.kind != APP:
                self._write(chip, job.file)
            chip.reset()
        return "written"

    def _write(self, chip: Chip, file: FlashFile) -> None:
        if file.kind == WHOLE:
            self._step("writing the image")
            chip.write(0, file.data, self._progress)
            return
        table = chip.partitions()
        if not table:
            raise FlashError("the board has no partition table to place an application by", "Flash a whole image first")
        place, choice = first_application(table), choice_of_slot(table)
        if len(file.data) > place.size:
            raise FlashError(
                f"{file.path.name} is too large: {len(file.data):,} bytes for {place.size:,} of {place.label}",
                "Flash a whole image with another partition table",
            )
        self._step(f"writing {place.label}")
        chip.write(place.offset, file.data, self._progress)
        if choice is not None:  # or the bootloader goes on with the slot that it was told last
            chip.write(choice.offset, b"\xff" * choice.size, lambda part: None)

    # ---- at the REPL

    def _deploy(self) -> serial.Serial:
        """Files and configuration; the line to a node that starts over."""
        job, outcome = self._job, self._outcome
        self._step("connecting to MicroPython")
        with Repl(outcome.port) as repl:
            node = repl.facts()
            outcome.mac = node.mac
            if not job.needs_loader and self._journal.has(node.mac, "done"):
                return repl.restart()  # nothing to do but let it run again
            self._step("compiling")
            archive = job.file.data if job.file is not None and job.file.kind == APP else None
            files = compiled(node) if archive is None else unpacked(archive)
            if archive is not None and node.is_frozen:
                raise FlashError("this board has the application in its image", "Roll back to a firmware image")
            self._step("copying files")
            deploy(repl, files, self._progress)
            repl.use_lib()
            self._provision(repl, node.board)
            return repl.reset()

    def _provision(self, repl: Repl, board: str) -> None:
        there = repl.config()
        wanted = merged(board, there, self._job.told)
        if wanted != there:
            self._step("writing config.json")
            repl.put_config(wanted)


def _kept_traceback(port: str) -> Path:
    """The file that the running exception's traceback was written to."""
    path = JOURNAL.parent / f"fault-{Path(port).name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc())
    return path


def _check(file: FlashFile, facts: ChipFacts, without_psram: bool) -> None:
    needed = max(file.end, len(file.data))
    if needed > facts.flash_bytes:
        raise FlashError(
            f"{file.path.name} is too large: it lays out {needed >> 20} MB of flash, the board has "
            f"{facts.flash_bytes >> 20} MB",
            "Take the image's variant for that size, or a board with more flash",
        )
    if file.is_stock and file.kind == WHOLE and not facts.psram_mb and not without_psram:
        raise FlashError(
            "the chip has no PSRAM in its package, which a stock image needs for two strips of 160",
            "Flash our image; or say --no-psram: there is some beside the chip, or the strips are short",
        )
