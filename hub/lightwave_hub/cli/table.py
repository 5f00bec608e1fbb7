"""Tables of text for terminals."""

from collections.abc import Sequence


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    for line in format_table(head, rows):
        print(line)


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = (zip(cells, widths, strict=True) for cells in (head, *rows))
    return ["  ".join(cell.ljust(width) for cell, width in line).rstrip() for line in lines]
