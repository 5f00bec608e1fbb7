"""Work round LLVM 22's Xtensa back end, which stops at a choice between two float constants ("Cannot select:
TargetConstantPool": it makes a table of the two and then cannot take the table's address).

The choice is made between the constants' bits instead, which costs nothing: they pass through an integer register
either way.
"""

import re
import struct

_CHOICE = re.compile(
    r"^(?P<indent> *)(?P<name>%[\w.]+) = select (?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast) )*"
    r"(?P<condition>i1 %[\w.]+), (?P<type>float|double) (?P<a>[-+\w.]+), (?P=type) (?P<b>[-+\w.]+)(?P<rest>, !.*)?$",
    re.MULTILINE,
)
_INTEGER = {"float": ("i32", "<f", "<i"), "double": ("i64", "<d", "<q")}


def without_float_choices(intermediate: str) -> str:
    """LLVM IR as text, every `select` of two float constants rewritten."""
    return _CHOICE.sub(_rewritten, intermediate)


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
