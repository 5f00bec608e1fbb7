"""Builds the C kernels into a shared library, with the warnings of the MicroPython builds, and wraps them."""

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import host_kernels
from _build_common import BuildError
from host_kernels import Analysis

Samples = NDArray[Any]


class Kernel(Analysis):
    """The audio analysis of one process; remembers the last hop."""

    magnitudes: NDArray[np.float32]  # of the last hop: 64 linear amplitudes
    last: Any  # the last snapshot

    def feed(self, samples: Samples) -> NDArray[Any]:
        """Whole hops of float or int32 samples; returns the snapshot of each."""
        snapshots, magnitudes = self.process_with_magnitudes(samples)
        self.magnitudes, self.last = magnitudes[-1], snapshots[-1]
        return snapshots

    def sine(self, hz: float, seconds: float = 0.8, amplitude: float = 1.0, dc: float = 0.0) -> NDArray[Any]:
        """Long enough for every bin's block at the default settings."""
        return self.feed(amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * self.rate)) / self.rate) + dc)

    def silence(self, seconds: float) -> NDArray[Any]:
        return self.feed(np.zeros(round(seconds * self.rate)))

    @property
    def levels_db(self) -> NDArray[np.float64]:
        return 20 * np.log10(np.maximum(self.magnitudes.astype(np.float64), 1e-12))


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """compile_c(name, sources, *flags) -> the built file. The kernels' folder is on the include path."""
    folder = tmp_path_factory.mktemp("native")

    def build(name: str, sources: Iterable[Path], *flags: str) -> Path:
        return host_kernels.compile_to(folder / name, sources, *flags)

    return build


# -Wno-tsan: it does not model fences. The seqlock needs none there, every shared word being atomic.
SANITIZERS = {
    "plain": [],
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "trap": ["-fsanitize=undefined,float-cast-overflow", "-fsanitize-undefined-trap-on-error"],  # needs no library
    "thread": ["-fsanitize=thread", "-Wno-tsan"],
}


@pytest.fixture(scope="session")
def run_c(compile_c: Callable[..., Path]) -> Callable[..., dict[str, int]]:
    """run_c(name, sources, kind, *arguments) -> the name=number pairs the program prints.

    kind is one of SANITIZERS; skips where this toolchain or kernel cannot run it.
    """
    programs: dict[str, Path] = {}

    def program(name: str, sources: Iterable[Path], kind: str) -> Path:
        target = f"{name}_{kind}"
        if target not in programs:
            try:
                programs[target] = compile_c(target, sources, "-pthread", *SANITIZERS[kind])
            except BuildError as error:
                if re.search(r"cannot find .*(lib)?[at]san", str(error)):
                    pytest.skip(f"no {kind} sanitizer in this toolchain")
                raise
        return programs[target]

    def run(name: str, sources: Iterable[Path], kind: str, *arguments: object) -> dict[str, int]:
        command = [str(program(name, sources, kind)), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if "unexpected memory mapping" in done.stderr:
            pytest.skip("this kernel's address layout does not suit ThreadSanitizer")
        assert done.returncode == 0, done.stdout + done.stderr
        return {key: int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", done.stdout)}

    return run


@pytest.fixture
def kernel() -> Kernel:
    """A freshly started analysis: 16 kHz, hops of 128."""
    kernel = Kernel()
    kernel.start()
    return kernel
