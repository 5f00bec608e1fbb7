"""Work round two faults of LLVM 22's Xtensa back end, in the intermediate code.

va_arg fetches the wrong argument (runtime/varargs.c says why): calls of functions of ours take its place.

And it stops at a choice between two float constants ("Cannot select:
TargetConstantPool": it makes a table of the two and then cannot take the table's address).

A truth value turned into a float is such a choice, too: of 1 and 0. The choice is made between the constants' bits
instead, which costs nothing: they pass through an integer register either way.
"""

import re
import struct

_CHOICE = re.compile(
    r"^(?P<indent> *)(?P<name>%[\w.]+) = select (?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast) )*"
    r"(?P<condition>i1 %[\w.]+), (?P<type>float|double) (?P<a>[-+\w.]+), (?P=type) (?P<b>[-+\w.]+)(?P<rest>, !.*)?$",
    re.MULTILINE,
)
_TRUTH = re.compile(
    r"^(?P<start> *%[\w.]+ = )uitofp (?P<condition>i1 %[\w.]+) to (?P<type>float|double)$", re.MULTILINE
)
_INTEGER = {"float": ("i32", "<f", "<i"), "double": ("i64", "<d", "<q")}


_ARGUMENT = re.compile(
    r"^(?P<start> *%[\w.]+ = )va_arg ptr (?P<list>%[\w.]+), (?P<type>i32|ptr|i64|double)$", re.MULTILINE
)
_ARGUMENT_OF = {"i32": "word", "ptr": "word", "i64": "wide", "double": "wide"}
_ARGUMENT_FUNCTIONS = "\ndeclare i32 @xtensa_va_word(ptr)\ndeclare i64 @xtensa_va_wide(ptr)\n"


def mended(intermediate: str) -> str:
    """LLVM IR as text, without what the back end does not stand or does wrongly."""
    return without_va_arg(without_float_choices(intermediate))


def without_va_arg(intermediate: str) -> str:
    """Every `va_arg` a call of a function that does the same."""
    called, count = _ARGUMENT.subn(
        lambda at: f"{at['start']}call {at['type']} @xtensa_va_{_ARGUMENT_OF[at['type']]}(ptr {at['list']})",
        intermediate,
    )
    return called + _ARGUMENT_FUNCTIONS if count else called


def without_float_choices(intermediate: str) -> str:
    """Every `select` of two float constants a `select` of their bits."""
    choices = _TRUTH.sub(r"\g<start>select \g<condition>, \g<type> 1.0, \g<type> 0.0", intermediate)
    return _CHOICE.sub(_rewritten, choices)


def _rewritten(match: re.Match[str]) -> str:
    integer, as_float, as_integer = _INTEGER[match["type"]]
    values = []
    for constant in (match["a"], match["b"]):
        packed = struct.pack(as_float, _value(constant))
        values.append(f"{integer} {struct.unpack(as_integer, packed)[0]}")
    bits = '%"bits of ' + match["name"][1:] + '"'
    choice = f"{match['indent']}{bits} = select {match['condition']}, {values[0]}, {values[1]}"
    return f"{choice}\n{match['indent']}{match['name']} = bitcast {integer} {bits} to {match['type']}"


def _value(constant: str) -> float:
    """IR writes a float as decimal when that is exact, else as the bits of the double of the same value."""
    if constant.startswith("0x"):
        (value,) = struct.unpack(">d", bytes.fromhex(constant[2:].zfill(16)))
        return float(value)
    return float(constant)
