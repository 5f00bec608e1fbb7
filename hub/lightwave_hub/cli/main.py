"""`k1`: a table of commands. Each is a module with EXAMPLES, `configure(parser)` and `run(args) -> exit code`.

Only the module of the command that was asked for is imported, so `k1 tempo 120` does not wait for a web server to load.
Exit codes: 0 done, 1 it could not be done, 2 it was asked wrongly.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from lightwave_hub.errors import ConfigError, HubError, RequestError


class Command(NamedTuple):
    module: str
    help: str


COMMANDS = {
    "hub": Command("lightwave_hub.cli.hub", "run the hub on this machine"),
    "demo": Command("lightwave_hub.cli.demo", "run a hub and simulated nodes on this machine"),
    "nodes": Command("lightwave_hub.cli.nodes", "show the nodes and how they are"),
    "scene": Command("lightwave_hub.cli.scene", "show or change what the nodes play"),
    "tempo": Command("lightwave_hub.cli.tempo", "show or set the tempo"),
    "master": Command("lightwave_hub.cli.master", "show or set the master brightness"),
    "records": Command("lightwave_hub.cli.records", "show or export what nodes recorded"),
}

_EXAMPLES = """examples:
  k1 demo                         see it work without any board
  k1 hub --port 8080              run a hub
  k1 nodes                        who is there
  k1 scene pulse --channels a     play an effect on channel A
  k1 tempo 128
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of `k1`."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next((word for word in words if not word.startswith("-")), None)
    args = _parser(chosen).parse_args(words)
    try:
        return int(args.run(args))
    except (ConfigError, RequestError) as error:
        return _fail(error, 2)
    except HubError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: no reason to complain at exit
        return 1


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="k1",
        description="Conduct LED nodes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="command", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen:
            module = importlib.import_module(command.module)
            module.configure(sub)
            sub.epilog = module.EXAMPLES
            sub.set_defaults(run=module.run)
    return parser


def _fail(error: Exception, code: int) -> int:
    print(f"k1: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
