"""`k1 hub`: run the hub in the foreground until Ctrl-C."""

import argparse
from pathlib import Path

from lightwave_hub import config, log, process
from lightwave_hub.cli.arguments import number_within

EXAMPLES = """examples:
  k1 hub                          port 80 of every address, as on an access point
  k1 hub --port 8080 --config show.toml
  k1 hub --host 127.0.0.1 --port 0    any free port; the first line printed names it
The first start prints a link with a token, once: it opens the page. `k1 token` makes more of them.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file; hub.example.toml names every key")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument(
        "--port",
        type=number_within(0, 65535, int),
        help="port of the page and of the nodes' control connections; 0: any",
    )
    parser.add_argument("--udp-port", type=number_within(1, 65535, int), help="port of the nodes that gets the stream")
    parser.add_argument(
        "--time-port", type=number_within(0, 65535, int), help="port of the hub for the nodes' time pings; 0: any"
    )
    parser.add_argument("--store", metavar="FOLDER", help="where the hub keeps what shall last; default per user")
    parser.add_argument("--open", action="store_true", help="without tokens: whoever reaches the hub plays the show")
    parser.add_argument("--log", choices=("debug", "info", "warning", "error"), help="default info")


def run(args: argparse.Namespace) -> int:
    settings = config.override(config.load(args.config), "hub", host=args.host, port=args.port, log=args.log)
    settings = config.override(settings, "stream", udp_port=args.udp_port, time_port=args.time_port)
    settings = config.override(settings, "store", path=args.store)
    settings = config.override(settings, "access", enabled=False if args.open else None)
    log.set_up(settings.hub.log, settings.hub.log_format)
    process.run(settings)
    return 0
