"""Instructions of what the node does while a show runs.

The interpreter runs tests/xtensa/on_xtensa/count.py under qemu's trace; count_trace.c adds up what is executed between
the marks of _xtensa.count.
"""

import bisect
import subprocess
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from _build_common import ROOT

from . import XtensaError
from .emulator import TRACE_FLAGS, counter, parsed
from .interpreter import TIMEOUT_S, Interpreter

SCRIPT = ROOT / "tests" / "xtensa" / "on_xtensa" / "count.py"
TOPICS = ("kernels", "frames", "packets")
MARKS = ("xtensa_count_begin", "xtensa_count_end")
# What start-up spends its time in and a running show never enters: kept out of the log, which would be three times as
# long.
START_UP = {"qstr_find_strn", "qstr_from_strn", "mp_parse", "mp_lexer_to_next", "next_char", "load_raw_code"}
START_UP |= {"reader_readbyte", "push_result_rule"}


@dataclass
class Stretch:
    """What one call executed."""

    group: str
    name: str
    total: int
    functions: Counter[str] = field(default_factory=Counter)


def measure(interpreter: Interpreter) -> list[Stretch]:
    """Everything that count.py has, by function; machine code of kernels is called by their names."""
    counter()  # built once, before two threads ask for it
    with ThreadPoolExecutor(2) as pool:
        return [
            stretch for found in pool.map(lambda topic: count_topic(interpreter, topic), TOPICS) for stretch in found
        ]


def symbols(interpreter: Interpreter) -> list[tuple[int, str]]:
    """Addresses and names, in order."""
    listed = interpreter.toolchain.llvm("llvm-nm", interpreter.program)
    return sorted((int(address, 16), name) for address, _, name in (line.split() for line in listed.splitlines()))


def filter_without(quiet: Iterable[str], known: list[tuple[int, str]]) -> str:
    """qemu's -dfilter: every address but those of the functions `quiet`."""
    ranges, start = [], 0
    for (address, name), (following, _) in zip(known, [*known[1:], known[-1]], strict=True):
        if name in quiet:
            ranges.append(f"{start:#x}..{address - 1:#x}")
            start = following
    return ",".join([*ranges, f"{start:#x}..0xffffffff"])


def count_topic(interpreter: Interpreter, topic: str) -> list[Stretch]:
    """What one function of count.py runs; `measure` takes those that are in TOPICS, which the budget holds."""
    qemu = interpreter.toolchain.qemu
    command = interpreter.command(str(SCRIPT), topic)
    known = symbols(interpreter)
    command[len(qemu) : len(qemu)] = [*TRACE_FLAGS, "-dfilter", filter_without(START_UP, known)]
    marks = [f"{address:x}" for mark in MARKS for address, name in known if name == mark]
    environment = interpreter.environment(ROOT / "tests" / "node")
    tracing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    counting = subprocess.Popen([str(counter()), *marks], stdin=tracing.stderr, stdout=subprocess.PIPE, text=True)
    assert tracing.stdout is not None and tracing.stderr is not None
    tracing.stderr.close()
    with tracing, counting, ThreadPoolExecutor(1) as reader:
        printed = reader.submit(tracing.stdout.read)
        counted, _ = counting.communicate(timeout=TIMEOUT_S)
        lines = printed.result().decode().splitlines()
    if tracing.returncode != 0 or counting.returncode != 0:
        raise XtensaError(f"counting {topic}: the script ended with {tracing.returncode}:\n" + "\n".join(lines))
    return _joined(topic, lines, parsed(counted))


def _joined(topic: str, lines: list[str], counts: list[Counter[str]]) -> list[Stretch]:
    words = [line.split() for line in lines]
    code = sorted((int(word[2], 16), word[1]) for word in words if word[0] == "code")
    named = [word for word in words if word[0] != "code"]
    if len(named) != len(counts):
        raise XtensaError(f"counting {topic}: {len(counts)} stretches in the trace, {len(named)} announced")
    return [
        Stretch(group, name, count.total(), with_names(count, code))
        for (group, name), count in zip(named, counts, strict=True)
    ]


def with_names(count: Counter[str], code: list[tuple[int, str]]) -> Counter[str]:
    """Blocks known by their address only, called after the code they are in: what begins last before them."""
    named: Counter[str] = Counter()
    for name, instructions in count.items():
        if name.startswith("0x"):
            at = bisect.bisect_right(code, (int(name, 16), "\uffff")) - 1
            name = code[at][1] if at >= 0 else "machine code"
        named[name] += instructions
    return named


def heaviest(stretches: list[Stretch], group: str) -> dict[str, int]:
    """For each name of a group its dearest call."""
    most: dict[str, int] = {}
    for stretch in stretches:
        if stretch.group == group:
            most[stretch.name] = max(most.get(stretch.name, 0), stretch.total)
    return most
