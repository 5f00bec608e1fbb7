"""No bit of a page can turn without being noticed."""

from test_records_page import turn_bits


def test_every_bit_of_a_head_and_of_100_records() -> None:
    turn_bits(1)
