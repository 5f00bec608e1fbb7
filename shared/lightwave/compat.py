"""What differs between the two interpreters. The only guarded imports of shared/ live here."""

import sys
from binascii import crc32 as _crc32

try:
    from micropython import const, heap_lock, heap_unlock  # type: ignore[import-not-found]

    MICROPYTHON = True
except ImportError:
    MICROPYTHON = False

    def const(value):
        """MicroPython's compiler replaces a constant's name by its value; CPython has no such thing."""
        return value

    def heap_lock():
        """Stands for micropython.heap_lock(), after which any allocation raises MemoryError."""

    def heap_unlock():
        """Undoes one heap_lock()."""


try:
    from _thread import allocate_lock
except ImportError:  # a MicroPython built without threads has nobody to exclude

    class _NoLock:
        def acquire(self):
            return True

        def release(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, kind, error, traceback):  # not *_, which makes a tuple
            return False

    allocate_lock = _NoLock  # type: ignore[assignment]

try:
    from os import urandom
except ImportError:  # the Xtensa interpreter, which nobody's secrets depend on
    from time import ticks_us as _ticks_us  # type: ignore[attr-defined]

    def urandom(count: int) -> bytes:  # type: ignore[misc]
        """Bytes that differ from run to run."""
        return bytes([_ticks_us() * 40503 >> 8 & 0xFF for _ in range(count)])


if MICROPYTHON:
    from json import dumps as _dumps

    def to_json(value) -> str:
        """Compact JSON text; MicroPython always writes characters beyond ASCII as they are."""
        return _dumps(value, separators=(",", ":"))

else:
    from json import dumps as _dumps

    def to_json(value) -> str:
        """Compact JSON text with characters beyond ASCII as they are.

        Not escaped, because MicroPython reads an escaped surrogate pair as two characters."""
        return _dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def crc32(data) -> int:
    """CRC-32 (IEEE 802.3) of bytes-like data, 0..2^32-1."""
    return _crc32(data) & 0xFFFFFFFF


def first_importable(*module_names: str):
    """Import and return the first module that this interpreter can load; the last name's error is not hidden.

    For twins: a viper module is a SyntaxError where there is no emitter, a NameError on CPython, and a ValueError
    when it was compiled for another processor."""
    for name in module_names[:-1]:
        try:
            __import__(name)
            return sys.modules[name]
        except (ImportError, SyntaxError, NameError, ValueError):
            pass
    __import__(module_names[-1])
    return sys.modules[module_names[-1]]
