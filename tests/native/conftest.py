"""Builds the C kernels into a shared library, with the warnings of the MicroPython builds, and wraps them."""

import array
import ctypes
import math
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[2] / "firmware" / "native"
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wpointer-arith", "-Wdouble-promotion", "-Wfloat-conversion"]
FULL_SCALE = 2**31 - 1


class Kernel:
    """The audio analysis of one process, fed with floats (1.0 = full scale) or raw int32 samples."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        library.goertzel_start.restype = ctypes.c_bool
        library.goertzel_magnitude.restype = ctypes.c_float
        library.goertzel_frequency.restype = ctypes.c_float
        library.snapshot_read.restype = ctypes.c_bool
        self.snapshot = (ctypes.c_char * 152)()
        self.rate = self.hop = 0

    def start(self, rate: int = 16000, hop: int = 256) -> bool:
        self.rate, self.hop = rate, hop
        return bool(self.library.goertzel_start(rate, hop))

    def feed_raw(self, samples: "array.array[int]") -> None:
        """Analyse whole hops; a rest shorter than a hop is dropped."""
        address, _ = samples.buffer_info()
        for first in range(0, len(samples) - self.hop + 1, self.hop):
            pointer = ctypes.c_void_p(address + 4 * first)
            self.library.goertzel_process(pointer, self.snapshot)

    def feed(self, samples: Iterable[float]) -> None:
        self.feed_raw(array.array("i", [int(value * FULL_SCALE) for value in samples]))

    def sine(self, hz: float, seconds: float = 0.3, amplitude: float = 1.0, dc: float = 0.0) -> None:
        step = 2 * math.pi * hz / self.rate
        self.feed(amplitude * math.sin(step * i) + dc for i in range(int(seconds * self.rate)))

    def magnitude(self, semitone: int) -> float:
        return float(self.library.goertzel_magnitude(semitone))

    def magnitudes(self) -> list[float]:
        return [self.magnitude(semitone) for semitone in range(64)]

    def level_db(self, semitone: int) -> float:
        return 20 * math.log10(max(self.magnitude(semitone), 1e-12))

    def frequency(self, semitone: int) -> float:
        return float(self.library.goertzel_frequency(semitone))

    def block(self, semitone: int) -> int:
        return int(self.library.goertzel_block(semitone))

    @property
    def vu(self) -> tuple[int, int]:
        """(peak, RMS)"""
        return struct.unpack_from("<2H", self.snapshot, 12)

    @property
    def flags(self) -> int:
        return int(struct.unpack_from("<H", self.snapshot, 16)[0])

    @property
    def spectrum(self) -> tuple[int, ...]:
        return struct.unpack_from("<64H", self.snapshot, 20)


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """compile_c(name, sources, *flags) -> the built file. The kernels' folder is on the include path."""
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.fail("no C compiler: install gcc (Debian: apt-get install gcc) or set CC")
    folder = tmp_path_factory.mktemp("native")

    def build(name: str, sources: Iterable[Path], *flags: str) -> Path:
        target = folder / name
        command = [compiler, "-std=gnu99", "-O2", "-g", *WARNINGS, f"-I{NATIVE}", *flags]
        command += ["-o", str(target), *map(str, sources), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return target

    return build


# -Wno-tsan: it does not model fences. The seqlock needs none there, every shared word being atomic.
SANITIZERS = {
    "plain": [],
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
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
            except AssertionError as error:
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


@pytest.fixture(scope="session")
def library(compile_c: Callable[..., Path]) -> ctypes.CDLL:
    sources = [NATIVE / "goertzel.c", NATIVE / "snapshot.c"]
    return ctypes.CDLL(str(compile_c("liblightwave.so", sources, "-shared", "-fPIC")))


@pytest.fixture
def kernel(library: ctypes.CDLL) -> Kernel:
    """A freshly started analysis: 16 kHz, hops of 256."""
    kernel = Kernel(library)
    assert kernel.start()
    return kernel
