"""Which hub a command talks to, and with which token: by option, environment or file, in this order."""

import argparse
import os
import tomllib
from pathlib import Path

from lightwave.fields import Ascii, FieldError, Optional, Text
from lightwave_hub.errors import ConfigError
from lightwave_hub.rules import Closed

DEFAULT_URL = "http://localhost"
_FILE = Closed(("url", Optional(Text(1, 256))), ("token", Optional(Ascii(1, 256))))


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that talks to a hub; `fill_in` gives them their defaults.

    They have none here, for an order's parser would overwrite with them what was said before the order."""
    parser.add_argument(
        "--url",
        default=argparse.SUPPRESS,
        help=f"where the hub is; else K1_HUB, else url of {_shown()}, else {DEFAULT_URL}",
    )
    parser.add_argument("--token", default=argparse.SUPPRESS, help="else K1_TOKEN, else token of that file")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")


def fill_in(args: argparse.Namespace) -> None:
    """Give `args` url, token and json where the command line gave none."""
    for name in ("url", "token"):
        if not hasattr(args, name):
            setattr(args, name, None)
    if not hasattr(args, "json"):
        args.json = False


def url_and_token(args: argparse.Namespace) -> tuple[str, str]:
    """The hub's URL and a token, which may be empty. Raises ConfigError."""
    url = args.url or os.environ.get("K1_HUB")
    token = args.token or os.environ.get("K1_TOKEN")
    known = load(path()) if url is None or token is None else {}
    return url or known.get("url", DEFAULT_URL), token or known.get("token", "")


def path() -> Path:
    """K1_CONFIG, or cli.toml where configuration files live."""
    told = os.environ.get("K1_CONFIG")
    if told:
        return Path(told)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "k1" / "cli.toml"


def load(file: Path) -> dict[str, str]:
    """The checked keys of the file; none where there is no file. Raises ConfigError."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("", f"{file} is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("", f"cannot read {file}: {error}") from None
    try:
        return dict(_FILE.check(document, ""))
    except FieldError as error:
        raise ConfigError(f"{file}: {error.field}", error.detail) from None


def _shown() -> str:
    return str(path()).replace(str(Path.home()), "~").replace("%", "%%")
