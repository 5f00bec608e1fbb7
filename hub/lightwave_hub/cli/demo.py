"""`k1 demo`: the hub, SIM nodes and sound on this machine."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lightwave_hub.cli.arguments import number_within
from lightwave_sim import loop, plot, report, table
from lightwave_sim.air import PROFILES, Weather
from lightwave_sim.audio import WavError, prepare_wav
from lightwave_sim.fleet import MAX_NODES, Fleet, FleetOptions
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.options import PERSONALITIES
from lightwave_sim.performance import Performance
from lightwave_sim.process import NodeCrashed
from lightwave_sim.trace import TraceError, read_trace

EXAMPLES = """\
examples:
  k1 demo
  k1 demo --nodes 8 --audio song.wav --jitter-ms 8
  k1 demo --wifi loaded                 packets go through a model of WiFi: good, loaded or bad
  k1 demo --nodes 4 --seconds 20 --headless --report report.json
"""
DEFAULT_PORT = 8080
DEFAULT_SKEW_PPM = 30.0
TABLE_PERIOD_S = 1.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=number_within(1, MAX_NODES, int), default=4, help="1..16, default 4")
    parser.add_argument(
        "--board", choices=sorted(PERSONALITIES), default="K1_S3", help="our image at 120 FPS or stock at 60"
    )
    parser.add_argument("--seconds", type=number_within(1, 86400, float), help="how long; default until Ctrl-C")
    parser.add_argument("--headless", action="store_true", help="no table; print only what went wrong")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE.json",
        help="write what was measured, and plot it in FILE.png; either name will do",
    )
    parser.add_argument("--audio", type=Path, metavar="FILE.wav", help="what the microphones hear; default a loop")
    parser.add_argument("--port", type=number_within(0, 65535, int), help=f"the page's port, default {DEFAULT_PORT}")
    parser.add_argument(
        "--skew-ppm",
        type=number_within(0, 1000, float),
        default=DEFAULT_SKEW_PPM,
        help=f"distance of the fastest clock from the slowest, default {DEFAULT_SKEW_PPM:g}",
    )
    air = parser.add_mutually_exclusive_group()
    air.add_argument("--wifi", choices=tuple(PROFILES), help="delay, loss and stalls as on such a channel")
    air.add_argument("--trace", type=Path, metavar="FILE.csv", help="delays as recorded: direction,at_us,delay_us")
    air.add_argument(
        "--jitter-ms", type=number_within(0, 1000, float), default=0.0, help="packets wait 0 to this long, default 0"
    )
    parser.add_argument("--record", type=Path, metavar="FILE.csv", help="write the first node's delays as a trace")


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="k1-demo-") as scratch:
        directory = Path(scratch)
        try:
            options = FleetOptions(
                directory=directory,
                nodes=args.nodes,
                board=args.board,
                audio=_sound(args.audio, directory / "microphone.wav"),
                skew_ppm=args.skew_ppm,
                weather=PROFILES[args.wifi] if args.wifi else Weather(jitter_ms=args.jitter_ms),
                trace=_checked_trace(args.trace),
                record=args.record,
                hub_port=_port(args),
            )
            with Fleet(options) as fleet:
                return _play(fleet, args)
        except KeyboardInterrupt:
            return 0
        except (WavError, TraceError, HubFailed, NodeCrashed, TimeoutError, OSError) as error:
            print(f"k1 demo: {error}", file=sys.stderr)
            return 1


def _port(args: argparse.Namespace) -> int:
    """Headless runs take any free port unless told, so that several can run at once."""
    if args.port is not None:
        return int(args.port)
    return 0 if args.headless else DEFAULT_PORT


def _checked_trace(path: Path | None) -> Path | None:
    if path is not None:
        read_trace(path)
    return path


def _sound(source: Path | None, target: Path) -> Path:
    if source is None:
        loop.write_default_loop(target)
    else:
        try:
            prepare_wav(source, target)
        except WavError as error:
            raise WavError(f"{source}: {error}") from None
    return target


def _play(fleet: Fleet, args: argparse.Namespace) -> int:
    performance = Performance(fleet)
    screen = table.Screen(sys.stdout) if not args.headless else None
    if screen is not None:
        print(f"K1 LightwaveOS demo: the page is {fleet.hub.link} - Ctrl-C ends it", flush=True)
    performance.wait_until_ready()
    performance.start(loop.BPM)
    try:
        _watch(fleet, performance, screen, args.seconds)
    finally:
        performance.stop()
    fleet.check()
    measured = report.build(fleet, performance)
    if args.report is not None:
        picture = args.report.with_suffix(".png")
        document = args.report if args.report != picture else args.report.with_suffix(".json")
        document.write_text(json.dumps(measured, indent=2) + "\n")
        plot.draw(fleet, performance, picture)
    return 0


def _watch(fleet: Fleet, performance: Performance, screen: "table.Screen | None", seconds: float | None) -> None:
    """Until the time is over or somebody presses Ctrl-C: look after the processes and keep the table fresh."""
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    while (left := end - time.monotonic()) > 0:
        fleet.check()
        if screen is not None:
            nodes: list[dict[str, Any]] = fleet.hub.get("/api/nodes")["nodes"]
            screen.show(table.rows(nodes, fleet.nodes), table.summary(fleet, performance))
        time.sleep(min(TABLE_PERIOD_S, left))
