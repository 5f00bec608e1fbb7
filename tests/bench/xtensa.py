"""What the firmware costs on the chip, in counted instructions (`make xtensa` checks that it is right, too)."""

from xtensa import ToolchainUnavailable, figures, interpreter, products, report
from xtensa.__main__ import check_dual, check_upstream

from ._common import not_measured, write_figures


def main(quick: bool) -> None:
    """Instructions are counted, not timed, so one run is exact; quick leaves out the suites, which take minutes."""
    try:
        machine = interpreter.ensure()
        items, stretches = figures.counts(products.ensure(), machine)
    except ToolchainUnavailable as error:
        print(f"\nxtensa: not measured. {error}")
        write_figures("xtensa", figures.missing(str(error)))
        return
    measured = figures.figures(items)
    report.show(measured, stretches)
    if quick:
        suites = not_measured("QUICK leaves out whole test suites.", "dual_suite", "upstream_tests")
    else:
        suites = {"dual_suite": check_dual(machine), "upstream_tests": check_upstream(machine)}
    write_figures("xtensa", {**measured, **suites})
