"""Seed 004's validation at a board of the fleet's, judged as tests/validation judges it: 60 s of both channels side by
side, and 500 reads of the audio snapshot at once."""

from __future__ import annotations

from tests.validation.test_concurrent_reads import test_500_concurrent_reads_without_a_timeout_or_a_torn_one
from tests.validation.test_dual_channel import test_both_channels_run_beside_each_other

__all__ = [
    "test_500_concurrent_reads_without_a_timeout_or_a_torn_one",
    "test_both_channels_run_beside_each_other",
]
