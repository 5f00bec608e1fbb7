"""`k1 completion`: what a shell needs to complete the words of `k1`."""

import argparse
from pathlib import Path

import shtab

EXAMPLES = """examples:
  k1 completion bash > ~/.local/share/bash-completion/completions/k1
  k1 completion zsh > "${fpath[1]}/_k1"
  k1 completion tcsh > ~/.k1.tcsh; echo "source ~/.k1.tcsh" >> ~/.cshrc
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    from lightwave_hub.cli.main import whole_parser  # it makes this module's parser too

    parser = whole_parser()
    _complete_files(parser)
    print(shtab.complete(parser, args.shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # argparse has no other way to walk a parser; shtab takes it too
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                _complete_files(sub)
        elif action.type is Path or action.dest == "file":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
