"""The audio analysis of firmware/native as a shared library of this machine, for tests, tools and benches.

    analysis = Analysis()
    analysis.start(rate=16000, hop=128, release_ms=0)
    snapshots = analysis.process(samples)  # float (1.0 = full scale) or int32; one row per whole hop

The C state is static, so all Analysis objects of one library file share it: start begins anew.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _build_common import BUILD, ROOT, BuildError, build_lock, run

NATIVE = ROOT / "firmware" / "native"
# The plain C files behind analysis_process; the loadable module and the user module are made of the same.
KERNELS = (
    "analysis", "bands", "beat_clock", "front_end", "levels", "novelty", "octaves", "periodicity", "settings",
    "snapshot", "spectrum", "tempo",
)  # fmt: skip
SOURCES = [NATIVE / f"{name}.c" for name in KERNELS]
# -ffp-contract=off: every operation rounds to float32 by itself, as on Xtensa.
FLAGS = ["-std=gnu11", "-O2", "-g", "-ffp-contract=off", f"-I{NATIVE}"]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wpointer-arith", "-Wdouble-promotion", "-Wfloat-conversion"]

BINS, SETTINGS = 64, 8  # as snapshot.h and settings.h have them
FULL_SCALE = 2**31
CLIPPED, SILENCE = 1, 2  # bits of a snapshot's flags
SNAPSHOT = np.dtype([
    ("hop", "<u4"), ("captured_us", "<u4"), ("published_us", "<u4"), ("vu_peak", "<u2"), ("vu_rms", "<u2"),
    ("flags", "<u2"), ("bins", "<u2"), ("spectrum", "<u2", BINS), ("chroma", "<u2", 12), ("bass", "<u2"),
    ("mid", "<u2"), ("treble", "<u2"), ("novelty", "<u2"), ("bpm_x100", "<u2"), ("confidence", "<u2"),
    ("phase", "<u2"), ("onsets", "<u2"), ("beat", "<u4"), ("hop_check", "<u4"),
])  # fmt: skip


class _Setting(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), *((limit, ctypes.c_int32) for limit in ("min", "max", "standard"))]


class Analysis:
    """`settings` has the names of settings.c with (min, max, default)."""

    def __init__(self, library: Path | None = None) -> None:
        self.library = ctypes.CDLL(str(library or build()))
        self.library.analysis_start.restype = ctypes.c_char_p
        self.library.analysis_magnitudes.restype = ctypes.POINTER(ctypes.c_float)
        for function in ("frequency", "block_s", "delay_s"):
            getattr(self.library, f"spectrum_{function}").restype = ctypes.c_float
        table = (_Setting * SETTINGS).in_dll(self.library, "analysis_settings")
        self.settings = {each.name.decode(): (each.min, each.max, each.standard) for each in table}
        self.rate = self.hop = 0

    def start(self, rate: int = 16000, hop: int = 128, **settings: int) -> None:
        """Forget everything. ValueError names the setting and its limit; nothing has changed then."""
        unknown = set(settings) - set(self.settings)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: no such setting; there are {', '.join(self.settings)}")
        wanted = {name: standard for name, (_, _, standard) in self.settings.items()}
        wanted |= {"rate": rate, "hop": hop, **settings}
        refusal = self.library.analysis_start((ctypes.c_int32 * len(wanted))(*wanted.values()))
        if refusal is not None:
            raise ValueError(refusal.decode())
        self.rate, self.hop = rate, hop

    def process(self, samples: NDArray[Any]) -> NDArray[Any]:
        """A snapshot per whole hop; a rest shorter than a hop is dropped. Floats beyond full scale saturate."""
        return self._process(samples, None)

    def process_with_magnitudes(self, samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """The same, and the 64 linear amplitudes of every hop before noise floor and auto-range."""
        magnitudes = np.empty((len(samples) // self.hop, BINS), np.float32)
        return self._process(samples, magnitudes), magnitudes

    def _process(self, samples: NDArray[Any], magnitudes: NDArray[np.float32] | None) -> NDArray[Any]:
        raw = as_int32(samples)
        snapshots = np.zeros(len(raw) // self.hop, SNAPSHOT)
        source, target = raw.ctypes.data, snapshots.ctypes.data
        for hop in range(len(snapshots)):
            place = ctypes.c_void_p(target + hop * SNAPSHOT.itemsize)
            self.library.analysis_process(ctypes.c_void_p(source + 4 * self.hop * hop), place)
            if magnitudes is not None:
                magnitudes[hop] = np.ctypeslib.as_array(self.library.analysis_magnitudes(), (BINS,))
        return snapshots

    @property
    def frequencies(self) -> NDArray[np.float64]:
        return self._of_bins("frequency")

    @property
    def block_seconds(self) -> NDArray[np.float64]:
        """Length of each bin's window."""
        return self._of_bins("block_s")

    @property
    def delay_seconds(self) -> NDArray[np.float64]:
        """From a sound to the centre of each bin's window."""
        return self._of_bins("delay_s")

    def _of_bins(self, function: str) -> NDArray[np.float64]:
        call = getattr(self.library, f"spectrum_{function}")
        return np.array([call(bin_) for bin_ in range(BINS)])


def as_int32(samples: NDArray[Any]) -> NDArray[np.int32]:
    """Samples as the I2S driver delivers them, contiguous."""
    if samples.dtype.kind == "f":
        samples = np.clip(samples.astype(np.float64) * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1)
    elif samples.dtype != np.int32:
        raise TypeError(f"samples: {samples.dtype} is neither float nor int32")
    return np.ascontiguousarray(samples, np.int32)


def compiler() -> str:
    found = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not found:
        raise BuildError("There is no C compiler; install gcc (Debian: apt-get install gcc) or set CC.")
    return found


def compile_to(target: Path, sources: Iterable[Path], *flags: str) -> Path:
    """Compile and link with the warnings of the MicroPython builds as errors."""
    run([compiler(), *FLAGS, *WARNINGS, *flags, "-o", str(target), *map(str, sources), "-lm"])
    return target


def build() -> Path:
    """The library under build/host, compiled when one of its sources has changed."""
    digest = hashlib.sha256("\0".join([compiler(), *FLAGS]).encode())
    for path in sorted([*SOURCES, *NATIVE.glob("*.h")]):
        digest.update(path.read_bytes())
    target = BUILD / "host" / f"liblightwave-{digest.hexdigest()[:16]}.so"
    with build_lock("host"):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            compile_to(target, SOURCES, "-shared", "-fPIC")
    return target
