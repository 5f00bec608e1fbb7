"""One SIM node as a process: power, serial port, access point."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tty
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from .console import Console
from .flash import copy_sparse, write_files
from .image import build_image
from .journal import Journal
from .options import ROOT, SimOptions


class SimError(Exception):
    """Anything that goes wrong with a SIM node."""


class NodeCrashed(SimError):
    """The node raised where nobody caught it, or its process ended by itself."""

    def __init__(self, mac: str, reason: str, console: str) -> None:
        super().__init__(f"node {mac}: {reason}\n{console}")
        self.mac = mac
        self.reason = reason
        self.console = console


class WaitTimeout(SimError, TimeoutError):
    """The console did not show what was waited for; the message holds its end."""


class SimNode:
    """A node. Power it with start(); as a context manager it is off and cleaned up at the end.

    Thread safe for one controlling thread; the console is read in the background.
    """

    def __init__(self, options: SimOptions, build: Path = ROOT / "build" / "sim") -> None:
        self.options = options
        self._binary = build / "k1-sim"
        self._template = build / "flash-template.bin"
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._pty: tuple[int, int] | None = None
        self._console = Console()
        self._died_as_told = True
        self.journal = Journal(options.directory / "journal.bin")

    # ---- power -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Power on; the first time the flash is made from the template and provisioned with /config.json."""
        if not self._binary.exists():
            raise SimError("the SIM board is not built; run tools/build.py --board SIM")
        if not self._flash.exists():
            self._provision()
        self.power_on()

    @property
    def _flash(self) -> Path:
        return self.options.directory / "flash.bin"

    def _provision(self) -> None:
        self.options.directory.mkdir(parents=True, exist_ok=True)
        if self.options.application:
            copy_sparse(self._template, self._flash)
        # A board leaves the factory with an image in the first slot, also one without an application.
        image = None if self.options.application else build_image("0")
        config = json.dumps(self.options.node_config()).encode()
        write_files(self._binary, self.options.directory, {"/config.json": config}, image)

    def write_files(self, files: Mapping[str, bytes | str]) -> None:
        """Put files onto the node's filesystem while it is off."""
        if not self._flash.exists():
            self._provision()
        data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        write_files(self._binary, self.options.directory, data)

    def power_on(self) -> None:
        """Start with the flash as it is."""
        if self.running:
            raise SimError(f"node {self.options.mac} is on already")
        self._close_control()
        if self._pty is None:
            self._pty = os.openpty()
            # Before anybody opens it: a cooked line would echo the node's output back as its input.
            tty.setraw(self._pty[1])
        ours, theirs = socket.socketpair()
        log_reader, log_writer = os.pipe()
        fds = {"K1_SIM_SERIAL_FD": self._pty[0], "K1_SIM_CONTROL_FD": theirs.fileno()}
        environment = {**self.options.board_environment(), **{name: str(fd) for name, fd in fds.items()}}
        self._process = subprocess.Popen(
            [str(self._binary), "-X", f"heapsize={self.options.heap_kb}K", "-m", "sim_boot"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log_writer,
            stderr=log_writer,
            pass_fds=list(fds.values()),
            # The control socket's end tells a running node that this process died. A stopped one would not notice;
            # as a process group of its own it gets the kernel's SIGHUP and SIGCONT when it is orphaned.
            process_group=0,
        )
        os.close(log_writer)
        theirs.close()
        self._control = ours
        self._died_as_told = False
        self._console.attach(log_reader)

    @property
    def running(self) -> bool:
        """Whether the node has power (a paused one has)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The node's process, for measuring it."""
        if self._process is None:
            raise SimError(f"node {self.options.mac} has never been on")
        return self._process.pid

    def kill(self) -> None:
        """Cut the power (SIGKILL). power_on() starts again with the same flash."""
        self._died_as_told = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._close_control()

    def stop(self) -> None:
        """Power off and close the serial port. A second call does nothing."""
        self.kill()
        if self._pty is not None:
            for fd in self._pty:
                os.close(fd)
            self._pty = None

    def pause(self) -> None:
        """Freeze the whole node (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen node go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> SimNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- surroundings ----------------------------------------------------------------------------------------

    def access_point(self, up: bool) -> None:
        """Switch the access point this node sees."""
        self._tell("ap up" if up else "ap down")

    def set_rssi(self, dbm: int) -> None:
        """Change the signal strength the node measures."""
        self._tell(f"rssi {dbm}")

    def _tell(self, command: str) -> None:
        if self._control is None:
            raise SimError(f"node {self.options.mac} is off")
        self._control.sendall(command.encode() + b"\n")

    def _close_control(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    @property
    def serial_path(self) -> str:
        """What to give mpremote: `mpremote connect <serial_path> ...`. Stays the same across power cycles."""
        if self._pty is None:
            raise SimError(f"node {self.options.mac} is off")
        return os.ttyname(self._pty[1])

    # ---- console ---------------------------------------------------------------------------------------------

    @property
    def console(self) -> str:
        """Everything the node has printed, over all power cycles."""
        return self._console.text

    def wait_for(self, pattern: str, timeout: float = 5.0) -> re.Match[str]:
        """Wait until the console shows the pattern, behind what the previous wait_for() found.

        Raises NodeCrashed at once when the node dies, WaitTimeout when it does not show up in time.
        """
        match = self._console.wait_for(pattern, timeout)
        if match is None:
            if self._console.ended and self._process is not None:
                # The output closes a moment before the process can be waited for.
                self._process.wait()
                self.check()
            raise WaitTimeout(
                f"node {self.options.mac}: no {pattern!r} within {timeout} s; console:\n{self._console.tail()}"
            )
        return match

    def check(self) -> None:
        """Raise NodeCrashed if an exception went uncaught or the process ended without being told to."""
        crash = self._console.crash()
        if crash is not None:
            raise NodeCrashed(self.options.mac, crash.strip().splitlines()[-1], self._console.tail())
        if not self._died_as_told and not self.running and self._process is not None:
            reason = f"process ended by itself with {self._process.returncode}"
            raise NodeCrashed(self.options.mac, reason, self._console.tail())
