"""python -m xtensa [--required]: build the firmware's C for Xtensa, prove it equal to the host's, count it.

Prints a table and writes build/bench/xtensa.json. Where the tools cannot be fetched it says so and succeeds, unless
--required is given.
"""

import argparse
import json
import sys
from pathlib import Path

from _build_common import BUILD

from . import ToolchainUnavailable, XtensaError, figures, kernels, modules, natmod, products
from .products import Products

ROW = "  {:<10} {}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m xtensa", description="The firmware's C as Xtensa code.")
    parser.add_argument("--required", action="store_true", help="fail where the tools cannot be fetched")
    required = parser.parse_args().required
    try:
        compile_device_modules()
        made = products.ensure()
        check_kernels(made)
        check_natmod(made)
        write(measure(made))
    except ToolchainUnavailable as error:
        print(f"xtensa: skipped, because the tools are not here: {error}", file=sys.stderr)
        write(figures.missing(str(error)))
        return 2 if required else 0
    except XtensaError as error:
        print(f"xtensa: {error}", file=sys.stderr)
        return 1
    if required and made.natmod is None:
        return 2
    return 0


def compile_device_modules() -> None:
    compiled = modules.compile_modules(modules.mpy_cross(), BUILD / "xtensa" / "mpy", modules.device_modules())
    size = sum(path.stat().st_size for path in compiled)
    print(ROW.format("modules", f"{len(compiled)} device modules compile for xtensawin, {size:,} bytes"), flush=True)


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


def measure(made: Products) -> dict[str, object]:
    measured = figures.measure(made)
    share = f"{measured['hop_core_share']:.1%} of a core at 240 MHz"
    hop = f"{kernels.HOP_SIZE} samples at {kernels.HOP_RATE} Hz"
    print(ROW.format("audio hop", f"{measured['hop_instructions']:,} instructions, {share} ({hop})"))
    for name, count in figures.heaviest(measured):
        print(ROW.format("", f"{count:>9,} {name}"))
    return measured


def write(measured: dict[str, object]) -> None:
    path = BUILD / "bench" / "xtensa.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    print(f"-> {path.relative_to(Path(BUILD).parent)}")


if __name__ == "__main__":
    sys.exit(main())
