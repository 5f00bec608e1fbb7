"""`k1`: a table of commands. Each is a module with EXAMPLES, `configure(parser)` and `run(args) -> exit code`.

Only the module of the command that was asked for is imported, so `k1 tempo 120` does not wait for a web server to load.
Exit codes: 0 done, 1 it could not be done, 2 it was asked wrongly.
"""

import argparse
import importlib
import sys
from collections.abc import Collection, Sequence
from typing import NamedTuple

from lightwave_hub.cli import settings
from lightwave_hub.errors import ConfigError, HubError, RequestError


class Command(NamedTuple):
    module: str
    help: str


_ASKED_WRONGLY = (400, 413, 422)  # other refusals: it was asked rightly, but cannot be
_HERE = "lightwave_hub.cli."
COMMANDS = {
    name: Command(_HERE + name, text)
    for name, text in (
        ("hub", "run the hub on this machine"),
        ("demo", "run a hub and simulated nodes on this machine"),
        ("doctor", "check whether this machine is fit to run a hub"),
        ("nodes", "show the nodes and how they are"),
        ("watch", "show hub, tempo and nodes until Ctrl-C"),
        ("scene", "show or change what the nodes play"),
        ("scenes", "list, keep and play the scenes of the show"),
        ("groups", "list and make groups of nodes"),
        ("cue", "list cue lists and step through them"),
        ("schedule", "list and change what happens by itself"),
        ("tempo", "show, set or tap the tempo, and choose who leads it"),
        ("master", "show or set the master brightness"),
        ("blackout", "show or switch the blackout"),
        ("records", "show or export what nodes recorded"),
        ("panic", "dark at once, and stop all that plays by itself"),
        ("show", "export or import the whole show"),
        ("undo", "take back an edit of the show"),
        ("ota", "update the nodes over the air"),
        ("token", "say who may use the hub"),
        ("completion", "print the completion script of a shell"),
    )
}

_EXAMPLES = """examples:
  k1 demo                         see it work without any board
  k1 hub --port 8080              run a hub
  k1 nodes                        who is there
  k1 scene pulse --channels a     play an effect on channel A
  k1 tempo 128
  k1 doctor                       what keeps a hub from running well here
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of `k1`."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next((word for word in words if not word.startswith("-")), None)
    args = _parser([chosen]).parse_args(words)
    settings.fill_in(args)
    try:
        return int(args.run(args))
    except ConfigError as error:
        return _fail(error, 2)
    except RequestError as error:
        return _fail(error, 2 if error.status in _ASKED_WRONGLY else 1)
    except HubError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: no reason to complain at exit
        return 1


def whole_parser() -> argparse.ArgumentParser:
    """Of all commands."""
    return _parser(COMMANDS)


def _parser(chosen: Collection[str | None]) -> argparse.ArgumentParser:
    """Of `chosen` commands in full, of the others the name only."""
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
        if name in chosen:
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
