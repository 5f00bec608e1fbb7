"""MicroPython as Xtensa code: the device's own .mpy files compute what their plain twins compute on CPython."""

import struct
import subprocess
import sys
from array import array
from binascii import crc32
from pathlib import Path
from typing import Any

import pytest

from xtensa import emulator, interpreter, modules, products, upstream
from xtensa.compiler import Compiler
from xtensa.interpreter import Interpreter
from xtensa.products import Products

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ON_XTENSA = HERE / "on_xtensa"
ROUNDS = 1000
BLOCK = 50
sys.path[:0] = [str(ROOT / "tests" / "node"), str(ROOT / "shared")]

import kernel_random  # noqa: E402 - found through the path above

from lightwave_node import kernels as plain  # noqa: E402


def test_it_tells_what_it_is(machine: Interpreter) -> None:
    """Formatting goes through variable arguments, which LLVM 22 gets wrong on Xtensa (xtensa/ir.py)."""
    command = machine.command("-c", "import sys; print(sys.implementation, '%c%d %5.2f' % (65, 7, 3.14159))")
    printed = interpreter.started(command).stdout
    assert printed.startswith("(name='micropython', version=(1, ") and printed.endswith("A7  3.14\n")
    assert "_machine='K1 XTENSA board with qemu-xtensa" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-c", "raise SystemExit(3)"], 3, ""),
        (["-c", "1 / 0"], 1, "ZeroDivisionError: divide by zero"),
        (["/does/not/exist.py"], 1, "OSError: [Errno 2] ENOENT"),
        (["-X", "heapsize=1K", "-c", "pass"], 122, "heapsize must be 16K..8M"),
        ([], 122, "usage: micropython"),
    ],
)
def test_exit_codes(machine: Interpreter, arguments: list[str], code: int, message: str) -> None:
    done = interpreter.started([*machine.toolchain.qemu, str(machine.program), *arguments])
    assert done.returncode == code and message in done.stdout


def test_every_device_module_is_imported_from_its_mpy(machine: Interpreter) -> None:
    names = [modules.import_name(path) for path in modules.device_modules() if path.stem not in ("boot", "main")]
    names.remove("manifest")
    # A board never has all of them in its heap: ours keeps them in flash, a stock one has PSRAM.
    assert int(machine.run(ON_XTENSA / "import_all.py", names, heap="400k")) == len(names) > 60


def test_the_loadable_module_hears_what_the_built_in_one_hears(
    machine: Interpreter, made: Products, tmp_path: Path
) -> None:
    if made.natmod is None:
        pytest.skip(made.natmod_why)
    (tmp_path / "natmod_lightwave.mpy").write_bytes(made.natmod.read_bytes())
    assert machine.run(ON_XTENSA / "natmod.py", [str(tmp_path)]) == "equal\n"


def packed(value: Any) -> bytes:
    """An argument as on_xtensa/kernels.py reads it."""
    if isinstance(value, int):
        return b"i" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"L" + struct.pack("<H", len(value))
    kind = b"H" if isinstance(value, array) else b"B"
    return kind + struct.pack("<H", len(value)) + bytes(value)


def cases() -> list[tuple[str, tuple[Any, ...]]]:
    """(kernel, arguments), ROUNDS of each."""
    found = []
    for name in plain.__all__:
        for seed in range(ROUNDS):
            chance = kernel_random.Chance(seed + 1000)
            length = 1 + chance.below(kernel_random.COUNT)
            if name == "encode_pulses":
                wire = chance.bytes(length)
                found.append((name, ([0] * (16 * length), wire, length)))
            elif name != "pulse_slots":  # encode_pulses writes to what it gives
                found.append((name, kernel_random.ARGUMENTS[name](chance, length)))
    return found


def written(given: list[tuple[str, tuple[Any, ...]]]) -> bytes:
    return b"".join(
        bytes([len(name)]) + name.encode() + bytes([len(arguments)]) + b"".join(map(packed, arguments))
        for name, arguments in given
    )


def expected(given: list[tuple[str, tuple[Any, ...]]]) -> list[str]:
    """The lines that on_xtensa/kernels.py prints, by the plain twins."""
    lines, crc = [], 0
    for done, (name, arguments) in enumerate(given, 1):
        crc = crc32(repr(getattr(plain, name)(*arguments)).encode(), crc)
        for value in arguments:
            if not isinstance(value, int):
                crc = crc32(bytes(value), crc)
        if done % BLOCK == 0:
            lines.append(f"{name} {crc}")
            crc = 0
    return [*lines, "end"]


def test_variable_arguments_are_the_hosts(machine: Interpreter, tmp_path: Path) -> None:
    """Of every width, in registers and on the stack."""
    source = HERE / "variadic.c"
    compiler = Compiler(machine.toolchain, tmp_path)
    program = compiler.program("variadic", [compiler.object(source)], [])
    subprocess.run(["cc", "-o", str(tmp_path / "host"), str(source)], check=True)
    host = subprocess.run([str(tmp_path / "host")], check=True, capture_output=True, text=True)
    assert emulator.run(machine.toolchain, program) == host.stdout != ""


def test_viper_kernels_equal_their_plain_twins(machine: Interpreter, tmp_path: Path) -> None:
    """The shared vectors, and 1,000 random inputs for each."""
    given = cases()
    file = tmp_path / "cases"
    file.write_bytes(written(given))
    environment = machine.environment(ROOT / "tests" / "node")
    printed = machine.run(ON_XTENSA / "kernels.py", [str(file)], environment, heap="4M")
    assert printed.splitlines() == expected(given)


def test_micropythons_own_tests(machine: Interpreter) -> None:
    results = upstream.run(machine, products.micropython_tree())
    print(results.summary())
    assert results.regressions == []
    assert results.count(upstream.PASS) > 600


def test_a_worse_verdict_is_a_regression_and_a_better_one_is_named() -> None:
    baseline = {"a/fails": upstream.FAIL, "a/skips": upstream.SKIP}
    found = {"a/fails": upstream.PASS, "a/skips": upstream.FAIL, "a/new": upstream.SKIP, "a/well": upstream.PASS}
    results = upstream.compare(found, baseline)
    assert results.regressions == ["a/skips: skip -> fail", "a/new: pass -> skip"]
    assert results.improvements == ["a/fails: fail -> pass"]
