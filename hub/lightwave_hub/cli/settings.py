"""Which hub a command talks to, and with which token: by option, environment or file, in this order.

The link that a hub prints is an address with its token. Without a token, one is taken from the hub's own folder, if the
hub runs on this machine and under this user: K1_STORE names that folder where it is not the usual one.
"""

import argparse
import os
import tomllib
from pathlib import Path

from lightwave.fields import Ascii, FieldError, Optional, Text
from lightwave_hub.access import here
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
        help=f"where the hub is, or its link; else K1_HUB, else url of {_shown()}, else {DEFAULT_URL}",
    )
    parser.add_argument(
        "--token",
        default=argparse.SUPPRESS,
        help="else the link's, else K1_TOKEN, else token of that file; none is needed on the hub's own machine",
    )
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
    token = args.token or _token_in(url) or os.environ.get("K1_TOKEN")
    known = load(path()) if url is None or token is None else {}
    url = url or known.get("url", DEFAULT_URL)
    token = token or _token_in(url) or known.get("token", "")
    url = url.partition("#")[0]
    return url, token or here.token_for(url, store_folder())


def _token_in(link: str | None) -> str:
    """What stands behind #token= in a link."""
    return (link or "").partition("#token=")[2]


def store_folder() -> Path:
    """K1_STORE, or where a hub of this user keeps its things."""
    from lightwave_hub.config import StoreSection  # takes a while to load, and most commands need none of it

    return StoreSection(os.environ.get("K1_STORE", "")).folder()


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
