"""python -m xtensa [--required] [--update-budget]: the firmware as Xtensa code, proved and counted.

Builds the C kernels, the loadable module and MicroPython for Xtensa, runs them under qemu, prints tables and writes
build/bench/xtensa.json. Fails where a result differs from the host's, one of MicroPython's own tests does worse than
its baseline, or a count is not within 5 % of its budget. Where the tools cannot be fetched it says so and succeeds,
unless --required is given. --update-budget writes the counts to boards/XTENSA/budget.json instead of judging them.
"""

import argparse
import json
import sys

from _build_common import BUILD, ROOT

from . import (
    ToolchainUnavailable,
    XtensaError,
    dual,
    figures,
    interpreter,
    kernels,
    modules,
    natmod,
    products,
    upstream,
)
from . import report as tables
from .interpreter import Interpreter
from .products import Products

ROW = "  {:<10} {}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m xtensa", description="The firmware as Xtensa code.")
    parser.add_argument("--required", action="store_true", help="fail where the tools cannot be fetched")
    parser.add_argument("--update-budget", action="store_true", help="make the present counts the budget")
    options = parser.parse_args()
    try:
        return prove(options.update_budget, options.required)
    except ToolchainUnavailable as error:
        print(f"xtensa: skipped, because the tools are not here: {error}", file=sys.stderr)
        write(figures.missing(str(error)))
        return 2 if options.required else 0
    except XtensaError as error:
        print(f"xtensa: {error}", file=sys.stderr)
        return 1


def prove(update_budget: bool, required: bool) -> int:
    made = products.ensure()
    machine = interpreter.ensure()
    check_modules(machine)
    check_kernels(made)
    check_natmod(made)
    items, stretches = figures.counts(made, machine)
    tables.show(figures.figures(items), stretches)
    suites = {"dual_suite": check_dual(machine), "upstream_tests": check_upstream(machine)}
    write({**figures.figures(items), **suites})
    if update_budget:
        figures.write_budget(items)
        return 0
    complaints = figures.complaints(items, figures.budget())
    for complaint in complaints:
        print(f"xtensa: {complaint}", file=sys.stderr)
    failed = bool(complaints) or any(suite["failed"] for suite in suites.values())
    return 1 if failed else 2 if required and made.natmod is None else 0


def check_modules(machine: Interpreter) -> None:
    compiled = [machine.mpy / path.relative_to(ROOT).with_suffix(".mpy") for path in modules.device_modules()]
    print(ROW.format("modules", f"{len(compiled)} device modules, {sum(p.stat().st_size for p in compiled):,} bytes"))


def check_kernels(made: Products) -> None:
    names = ", ".join(source.stem for source in kernels.plain_sources())
    lines = sum(kernels.compare(section, made.host, made.xtensa, made.toolchain) for section in kernels.SECTIONS)
    print(ROW.format("kernels", f"{names} compile"))
    tested = ", ".join(kernels.TESTED)
    print(ROW.format("", f"{tested}: {lines} lines of results, all equal to the host's"), flush=True)


def check_natmod(made: Products) -> None:
    if made.natmod is None:
        print(ROW.format("natmod", f"not built: {made.natmod_why}"), flush=True)
        return
    natmod.check(made.natmod, made.loader, made.toolchain)
    module = f"{made.natmod.name}, {made.natmod.stat().st_size:,} bytes"
    print(ROW.format("natmod", f"{module}: loaded on Xtensa, equal to the kernels"), flush=True)


def check_dual(machine: Interpreter) -> dict[str, int]:
    results = dual.run(machine)
    failed = sorted(name for name, passed in results.items() if not passed)
    print(ROW.format("dual suite", f"{len(results) - len(failed)} pass, {len(failed)} fail"), flush=True)
    for name in failed:
        print(ROW.format("", f"FAIL {name}"), file=sys.stderr)
    return {"passed": len(results) - len(failed), "failed": len(failed)}


def check_upstream(machine: Interpreter) -> dict[str, int]:
    """`failed` are those that do worse than the baseline; `known` those it has as failing."""
    results = upstream.run(machine, products.micropython_tree())
    print(ROW.format("upstream", f"MicroPython's own tests: {results.summary()}"), flush=True)
    for name in results.regressions:
        print(ROW.format("", f"worse: {name}"), file=sys.stderr)
    for name in results.improvements:
        print(ROW.format("", f"better, take it out of {upstream.BASELINE.name}: {name}"))
    known = results.count(upstream.FAIL) - sum(line.endswith(upstream.FAIL) for line in results.regressions)
    passed, skipped = results.count(upstream.PASS), results.count(upstream.SKIP)
    return {"passed": passed, "failed": len(results.regressions), "known": known, "skipped": skipped}


def write(measured: dict[str, object]) -> None:
    path = BUILD / "bench" / "xtensa.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    print(f"-> {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
