"""The hub's clocks, stepped without touching the machine's: see stepped_clock.c."""

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("stepped_clock.c")
_OFFSETS = struct.Struct("=qq")  # ns by which CLOCK_MONOTONIC and CLOCK_REALTIME are ahead


class HubClocks:
    """`environment` is for the hub; a step holds from the moment it is written."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clocks"
        self._monotonic_ns = self._wall_ns = 0
        library = directory / "stepped_clock.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self._write()
        self.environment = {"LD_PRELOAD": str(library), "K1_TEST_CLOCK": str(self._file)}

    def step(self, seconds: float) -> None:
        """The monotonic clock, which is the show's: forward only, as it never goes back."""
        assert seconds > 0
        self._monotonic_ns += round(seconds * 1e9)
        self._write()

    def set_wall(self, seconds: float) -> None:
        """The wall clock, so far from the machine's."""
        self._wall_ns = round(seconds * 1e9)
        self._write()

    def _write(self) -> None:
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(_OFFSETS.pack(self._monotonic_ns, self._wall_ns))
