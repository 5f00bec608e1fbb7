"""What needs no cross-compiler: reading qemu's trace, rewriting IR, compiling device modules."""

import struct
import subprocess
from pathlib import Path

import pytest

from xtensa import ToolchainUnavailable, XtensaError, emulator, modules
from xtensa.cc import with_placed_literals
from xtensa.ir import without_float_choices, without_va_arg

TRACE = b"""----------------
IN: main
0x00010910:  movi	a0, 0
0x00010913:  l32i	a6, a1, 0

Trace 0: 0x7f38c0000100 [00000000/0000000000010910/0005bfd3/00000200] main
----------------
IN: loop
0x00010916:  addi	a2, a2, -1

Trace 0: 0x7f38c0000280 [00000000/0000000000010916/000dbfd3/00000200] loop
Trace 0: 0x7f38c0000280 [00000000/0000000000010916/000dbfd3/00000200] loop
Trace 0: 0x7f38c0000100 [00000000/0000000000010910/0005bfd3/00000200] main
"""
# qemu has emptied its cache: another, longer block stands where main's was.
AFTER_A_FLUSH = b"""----------------
IN: other
0x00010a00:  nop
0x00010a03:  nop
0x00010a06:  nop

Trace 0: 0x7f38c0000100 [00000000/0000000000010a00/0005bfd3/00000200] other
"""


@pytest.fixture(scope="module")
def counter() -> Path:
    try:
        return emulator.counter()
    except ToolchainUnavailable as error:
        pytest.skip(str(error))


def counted(counter: Path, trace: bytes, *marks: str) -> list[dict[str, int]]:
    done = subprocess.run([str(counter), *marks], input=trace, capture_output=True, check=True)
    return [dict(stretch) for stretch in emulator.parsed(done.stdout.decode())]


def test_trace_counts_instructions_of_every_entry_of_a_block(counter: Path) -> None:
    assert counted(counter, TRACE) == [{"main": 4, "loop": 2}]


def test_trace_survives_reused_block_addresses(counter: Path) -> None:
    assert counted(counter, TRACE + AFTER_A_FLUSH) == [{"main": 4, "loop": 2, "other": 3}]


def test_only_what_lies_between_the_marks_is_counted(counter: Path) -> None:
    """Here main's block is the first mark, `other` the second; the marks themselves do not count."""
    twice = TRACE + AFTER_A_FLUSH
    assert counted(counter, twice + twice, "10910", "10a00") == [{"loop": 2}, {"loop": 2}]


def test_code_without_a_name_is_called_by_its_address(counter: Path) -> None:
    assert counted(counter, TRACE.replace(b"00000200] loop", b"00000200] ")) == [{"main": 4, "0x00010916": 2}]


def bits(code: str, value: float) -> int:
    (number,) = struct.unpack({"f": "<i", "d": "<q"}[code], struct.pack(f"<{code}", value))
    return int(number)


@pytest.mark.parametrize(
    ("choice", "integer", "a", "b"),
    [
        ("i1 %2, float 2.000000e+00, float 1.000000e+01", "i32", bits("f", 2.0), bits("f", 10.0)),
        ("i1 %cmp.i, float 0x3FB99999A0000000, float -0.0", "i32", bits("f", 0.1), bits("f", -0.0)),
        ("nnan nsz i1 %2, float 0x7FF0000000000000, float 1.0", "i32", bits("f", float("inf")), bits("f", 1.0)),
        ("i1 %2, double 0x3FB999999999999A, double 1.000000e+00, !prof !5", "i64", bits("d", 0.1), bits("d", 1.0)),
    ],
)
def test_a_choice_of_two_floats_becomes_one_of_their_bits(choice: str, integer: str, a: int, b: int) -> None:
    kind = "float" if integer == "i32" else "double"
    condition = choice.split("i1 ")[1].split(",")[0]
    assert without_float_choices(f"  %9 = select {choice}\n") == (
        f'  %"bits of 9" = select i1 {condition}, {integer} {a}, {integer} {b}\n'
        f'  %9 = bitcast {integer} %"bits of 9" to {kind}\n'
    )


def test_a_truth_value_becomes_a_float_by_its_bits() -> None:
    one = bits("f", 1.0)
    assert without_float_choices("  %9 = uitofp i1 %2 to float\n") == (
        f'  %"bits of 9" = select i1 %2, i32 {one}, i32 0\n  %9 = bitcast i32 %"bits of 9" to float\n'
    )


def test_variable_arguments_are_fetched_by_our_functions() -> None:
    code = "  %9 = va_arg ptr %2, i32\n  %a = va_arg ptr %2, double\n"
    assert without_va_arg(code).startswith(
        "  %9 = call i32 @xtensa_va_word(ptr %2)\n  %a = call double @xtensa_va_wide(ptr %2)\n"
    )
    assert without_va_arg("  %9 = add i32 1, 2\n") == "  %9 = add i32 1, 2\n"


def test_literals_are_placed_before_the_code_whatever_section_was_written_last() -> None:
    placed = with_placed_literals("\t.section\t.rodata\n\t.literal_position\n\t.literal .LC0, name+4\n\t.text\n")
    assert ".literal_position" not in placed and ".LC0:\t.long name+4\n\t.popsection\n" in placed
    assert placed.endswith('\t.section .text.code, "ax", @progbits\n')


@pytest.mark.parametrize(
    "line",
    [
        "  %9 = select i1 %2, float %3, float 1.000000e+01",
        "  %9 = select i1 %2, i32 1, i32 2",
        "  %9 = select <2 x i1> %2, <2 x float> %3, <2 x float> %4",
    ],
)
def test_other_choices_stay(line: str) -> None:
    assert without_float_choices(line) == line


@pytest.fixture(scope="module")
def mpy_cross() -> Path:
    try:
        return modules.mpy_cross()
    except ToolchainUnavailable as error:
        pytest.skip(str(error))


def test_every_device_module_compiles_for_xtensawin(mpy_cross: Path, tmp_path: Path) -> None:
    found = modules.device_modules()
    assert len(modules.compile_modules(mpy_cross, tmp_path, found)) == len(found) > 0


def test_a_refused_module_is_named_with_the_compilers_message(mpy_cross: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import micropython\n\n@micropython.viper\ndef f(a: ptr8):\n    return a + 1.5\n")
    with pytest.raises(XtensaError, match=r"refused bad\.py:\n(.|\n)*ViperTypeError"):
        modules.compile_modules(mpy_cross, tmp_path, [bad])
