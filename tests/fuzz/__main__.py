"""`python -m tests.fuzz NAME [--seconds N]`: fuzz one target under atheris, beginning with its corpus.

What it finds on the way is kept in build/fuzz/NAME/corpus, for the next time; an input that breaks a promise goes to
build/fuzz/NAME/crash-..., and the exit code is not 0. `--replay FILE` runs one input.
"""

import argparse
import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lightwave", "lightwave_hub", "lightwave_node"]):
    from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "fuzz"
MOST_BYTES = 16384
SLOW_S = 10  # for one input


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="default %(default)s")
    parser.add_argument("--replay", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.replay:
        TARGETS[args.target](args.replay.read_bytes())
        return
    logging.disable(logging.CRITICAL)  # the hub logs every refusal
    found = BUILD / args.target / "corpus"
    found.mkdir(parents=True, exist_ok=True)
    options = {
        "max_total_time": args.seconds,
        "max_len": MOST_BYTES,
        "timeout": SLOW_S,
        "artifact_prefix": f"{BUILD / args.target}/",
        "print_final_stats": 1,
        "verbosity": 1,
    }
    words = [f"-{name}={value}" for name, value in options.items()]
    seeds = HERE / "corpus" / args.target
    atheris.Setup([sys.argv[0], *words, str(found), str(seeds)], TARGETS[args.target])
    atheris.Fuzz()


main()
