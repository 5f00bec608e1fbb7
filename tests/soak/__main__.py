"""`python -m tests.soak --hours 8`: a fleet of SIM nodes under a show, bad air and restarts, watched for what creeps.

Prints what it finds, writes soak.csv (one line a sample) and soak.png into --out, and ends with 1 when a rule is
broken. Ctrl-C (or SIGTERM) ends it early with a report of what there is.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tools")]

from lightwave_sim import loop  # noqa: E402 - found through the path above
from lightwave_sim.air import PROFILES  # noqa: E402
from lightwave_sim.audio import WavError, prepare_wav  # noqa: E402
from lightwave_sim.fleet import MAX_NODES, Fleet, FleetOptions  # noqa: E402
from lightwave_sim.hub_process import HubFailed  # noqa: E402
from lightwave_sim.process import NodeCrashed  # noqa: E402
from tests.soak import judgement, report  # noqa: E402
from tests.soak.run import Soak  # noqa: E402

MOST_HOURS = 24 * 14
ROOT = HERE.parents[1]


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    seconds = options.seconds or options.hours * 3600
    with tempfile.TemporaryDirectory(prefix="k1-soak-") as scratch:
        try:
            fleet = Fleet(_fleet_options(options, Path(scratch)))
        except (WavError, OSError) as error:
            print(f"soak: {options.audio}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
            return 2
        soak = Soak(fleet, seconds, options.every, options.restart_node, options.restart_hub)
        try:
            with fleet:
                soak.run()
        except KeyboardInterrupt:
            print("\nended early")
        except (HubFailed, NodeCrashed, TimeoutError) as error:
            soak.crashes.append(str(error))
        options.out.mkdir(parents=True, exist_ok=True)
        judged = judgement.judge(soak)
        report.write(soak, judged, options.out)
        report.show(soak, judged)
    return 0 if all(rule.kept for rule in judged.rules) else 1


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").split("\n\n")[1])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--hours", type=_within(0.01, MOST_HOURS), default=1.0, help="how long; default 1")
    length.add_argument("--seconds", type=_within(10, 3600), help="instead of --hours, for trying it out")
    parser.add_argument("--nodes", type=int, choices=range(2, MAX_NODES + 1), default=4, metavar="N", help="default 4")
    parser.add_argument("--wifi", choices=tuple(PROFILES), default="loaded", help="the air; default loaded")
    parser.add_argument("--audio", type=Path, metavar="FILE.wav", help="what microphones hear; default a loop")
    parser.add_argument("--every", type=_within(1, 600), default=5.0, metavar="S", help="between samples; default 5")
    parser.add_argument(
        "--restart-node", type=_within(2, 86400), default=180.0, metavar="S", help="between power cuts; default 180"
    )
    parser.add_argument(
        "--restart-hub",
        type=_within(5, 86400),
        default=14400.0,
        metavar="S",
        help="between restarts of the hub, the first after a third of that or of the run; default 14400",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "soak", metavar="DIR", help="default build/soak")
    return parser.parse_args(arguments)


def _within(least: float, most: float):
    def check(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not within {least:g}..{most:g}")
        return value

    check.__name__ = "number"
    return check


def _fleet_options(options: argparse.Namespace, directory: Path) -> FleetOptions:
    sound = directory / "microphone.wav"
    if options.audio is None:
        loop.write_default_loop(sound)
    else:
        prepare_wav(options.audio, sound)
    return FleetOptions(
        directory=directory, nodes=options.nodes, audio=sound, skew_ppm=40, weather=PROFILES[options.wifi]
    )


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
