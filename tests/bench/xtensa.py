"""What the firmware's C costs on the chip, in counted instructions (`make xtensa` checks that it is right, too)."""

from xtensa import ToolchainUnavailable, figures, products

from ._common import print_table, write_figures


def main(quick: bool) -> None:
    """Always quick: instructions are counted, not timed, so one short run is exact."""
    del quick
    try:
        measured = figures.measure(products.ensure())
    except ToolchainUnavailable as error:
        print(f"\nxtensa: not measured. {error}")
        write_figures("xtensa", figures.missing(str(error)))
        return
    total = measured["hop_instructions"]
    rows = [("audio hop", total, 100 * measured["hop_core_share"])]
    rows += [(f"  {name}", count, None) for name, count in figures.heaviest(measured)]
    print_table("Xtensa instructions (16 kHz, hop 128)", ("", "instructions", "% of a 240 MHz core"), rows)
    write_figures("xtensa", measured)
