"""The C kernels on Xtensa give the host's results bit for bit, and qemu's trace counts what they execute."""

from pathlib import Path

import pytest

from xtensa import XtensaError, emulator, kernels, natmod
from xtensa.products import Products


@pytest.mark.parametrize("section", kernels.SECTIONS)
def test_results_equal_the_hosts(made: Products, section: str) -> None:
    assert kernels.compare(section, made.host, made.xtensa, made.toolchain) > 5


def test_a_difference_is_shown_with_its_line(made: Products, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho 'snapshot 0'\n")
    other.chmod(0o755)
    with pytest.raises(XtensaError, match=r"snapshot: line 1 differs\n  host    snapshot 0\n  xtensa  snapshot 1 "):
        kernels.compare("snapshot", other, made.xtensa, made.toolchain)


def test_an_unknown_section_fails(made: Products) -> None:
    with pytest.raises(XtensaError, match="kernels nothing ended with 2"):
        emulator.run(made.toolchain, made.xtensa, ["nothing"])


def test_start_up_cancels_out_of_the_count(made: Products) -> None:
    counts = kernels.hop_instructions(made.xtensa, made.toolchain)
    assert not {"_start", "analysis_start", "cosf", "powf"} & set(counts)
    assert counts["spectrum_process"] > 0.3 * sum(counts.values())


def test_counting_is_repeatable(made: Products) -> None:
    one, other = (emulator.instructions(made.toolchain, made.xtensa, ["hops", "1"]) for _ in range(2))
    assert one == other


def test_a_shorter_run_executes_fewer_instructions(made: Products) -> None:
    totals = [sum(emulator.instructions(made.toolchain, made.xtensa, ["hops", hops]).values()) for hops in "048"]
    assert totals[0] < totals[1] < totals[2]
    assert abs((totals[2] - totals[1]) - (totals[1] - totals[0])) < 0.05 * totals[2]


def test_the_loadable_module_runs_and_equals_the_kernels(made: Products) -> None:
    if made.natmod is None:
        pytest.skip(made.natmod_why)
    natmod.check(made.natmod, made.loader, made.toolchain)


def test_the_loadable_module_names_no_path_of_this_machine(made: Products) -> None:
    if made.natmod is None:
        pytest.skip(made.natmod_why)
    content = made.natmod.read_bytes()
    assert content.startswith(b"M\x06") and content[2] >> 2 == 10  # version 6, xtensawin
    assert str(kernels.ROOT).encode() not in content


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("#include <math.h>\n", True),
        ('#include "kernel.h"\n', True),
        ('#include "port.h"\n', False),
        ('#include "py/runtime.h"\n', False),
        ("#include <pthread.h>\n", False),
        ('  #  include "driver/rmt_tx.h"\n', False),
    ],
)
def test_plain_kernels_are_told_by_what_they_include(tmp_path: Path, text: str, plain: bool) -> None:
    (tmp_path / "kernel.h").write_text("#include <stdint.h>\n")
    (tmp_path / "port.h").write_text('#include "freertos/task.h"\n')
    source = tmp_path / "kernel.c"
    source.write_text(text)
    assert kernels.is_plain(source) == plain


def test_core_share() -> None:
    assert kernels.hop_core_share(240_000_000 / 125 / 1.3) == pytest.approx(1.0)  # 125 hops a second
