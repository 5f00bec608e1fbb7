"""What a node is told beside its program: the keys of /config.json, judged by the node's own rules before they go."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _flash_errors import FlashError

from _build_common import ROOT

sys.path.insert(0, str(ROOT / "firmware"))
from lightwave_node.config import Config, ConfigError  # type: ignore[import-not-found]

PASSWORD_VARIABLE, JOIN_KEY_VARIABLE = "K1_WIFI_PASSWORD", "K1_JOIN_KEY"
SECRETS = ("password", "join_key")
Values = dict[str, Any]


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the node is told (keys that are not given stay as the node has them)")
    group.add_argument("--config", type=Path, metavar="FILE", help="JSON with any keys of config.json, secrets as well")
    group.add_argument("--ssid", help="the access point's name")
    group.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"its password; else ${PASSWORD_VARIABLE}, else asked for",
    )
    group.add_argument("--open-network", action="store_true", help="the access point has no password")
    group.add_argument("--hub", metavar="HOST[:PORT]", help="where the hub is")
    group.add_argument(
        "--join-key-file", type=Path, metavar="FILE", help=f"the fleet's join key; else ${JOIN_KEY_VARIABLE}"
    )
    group.add_argument("--update-key", metavar="HEX", help="the hub's public key for updates (`k1 ota key`)")
    group.add_argument("--leds", type=_integers, metavar="N[,N]", help="LEDs of each strip")
    group.add_argument("--pins", type=_integers, metavar="N[,N]", help="GPIO of each strip")
    group.add_argument("--mic-pins", type=_integers, metavar="SCK,WS,SD", help="GPIOs of the microphone")


def _integers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("must be integers with commas between them") from None


def given(options: argparse.Namespace) -> Values:
    """The keys the user gave. Raises FlashError; asks for nothing."""
    values = _file(options.config) if options.config else {}
    for key in ("ssid", "update_key", "leds", "pins"):
        if getattr(options, key) is not None:
            values[key] = getattr(options, key)
    if options.hub is not None:
        values["hub_host"], _, port = options.hub.partition(":")
        if port:
            values["hub_port"] = int(port) if port.isdigit() else port  # what is no number is refused with its name
    if options.mic_pins is not None:
        values["mic_pins"] = dict(zip(("sck", "ws", "sd"), options.mic_pins, strict=False))
    _take_secret(values, "password", options.password_file, PASSWORD_VARIABLE)
    _take_secret(values, "join_key", options.join_key_file, JOIN_KEY_VARIABLE)
    if options.open_network:
        values["password"] = ""
    # Judged as early as can be: with what a board's template says for the rest.
    merged("GENERIC_S3", _template("GENERIC_S3"), values)
    return values


def _file(path: Path) -> Values:
    try:
        values = json.loads(path.read_text())
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}", "Give --config a file that exists") from None
    except ValueError as error:
        # Not the parser's whole text: it may quote the line, and with it a password.
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its encoding"
        raise FlashError(f"{path} is not JSON ({where})", "Mend it: an object with keys of config.json") from None
    if not isinstance(values, dict):
        raise FlashError(f"{path} holds no object", 'It must look like {"ssid": "..."}')
    return values


def _take_secret(values: Values, key: str, file: Path | None, variable: str) -> None:
    if file is not None:
        try:
            values[key] = file.read_text().rstrip("\r\n")
        except OSError as error:
            raise FlashError(f"{file}: {error.strerror}", f"Give a file that holds the {key}") from None
    elif variable in os.environ:
        values[key] = os.environ[variable]


def complete(values: Values, ask: bool) -> None:
    """Before a node is erased: ask for the password, when there is somebody to ask. Raises FlashError when the node
    would be left without."""
    if "password" not in values and sys.stdin.isatty():
        if not ask:
            return
        values["password"] = getpass.getpass(f"Password of {values.get('ssid', 'the access point')} (none: open): ")
    merged("GENERIC_S3", None, values)


def merged(board: str, there: Values | None, values: Mapping[str, Any]) -> Values:
    """The node's new config.json: a board's template or what it has, with the user's keys, and out of developer mode.
    Raises FlashError."""
    if there is None:
        there = _template(board)
        if "password" not in values:
            raise FlashError(
                "the node is new and no password was given",
                f"Give --password-file or ${PASSWORD_VARIABLE}; --open-network if the access point needs none",
            )
    result = {**there, **values}
    if result.get("password") == "":
        del result["password"]
    if "developer" not in values:
        result.pop("developer", None)
    _check(result, values)
    return result


def _template(board: str) -> Values:
    values: Values = json.loads((ROOT / "boards" / board / "config.json").read_text())
    return values


def _check(result: Values, values: Mapping[str, Any]) -> None:
    try:
        config = Config(dict(result))
    except ConfigError as error:  # it names the key and its limit, not the value
        raise FlashError(str(error), "Give another value") from None
    unknown = sorted(set(config.unknown) & set(values))
    if unknown:
        raise FlashError(f"{', '.join(unknown)}: this version of the firmware has no such key", "Leave it out")
