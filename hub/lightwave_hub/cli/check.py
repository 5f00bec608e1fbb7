"""What one check of `k1 doctor` gives."""

from typing import NamedTuple

OK = "ok"
WARNING = "warning"
FAILURE = "failure"


class Check(NamedTuple):
    """`next_step` says what to do about anything but OK."""

    name: str
    result: str
    found: str
    next_step: str = ""
