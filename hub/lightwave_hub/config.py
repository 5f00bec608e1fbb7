"""The hub's configuration: a TOML file into frozen dataclasses, every key checked.

The dataclasses are the table: a field is a key, its default the default, its rule the limit. A key that is not here is
refused, so a typing error is never silently the default. The tick rate is frozen (PROTOCOL.md) and has no key.
"""

import dataclasses
import os
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightwave import constants, join
from lightwave.fields import Ascii, Bool, Choice, FieldError, Int, List, Optional, Text
from lightwave_hub.errors import ConfigError
from lightwave_hub.rules import Closed, EmptyOr, ZeroOr
from lightwave_hub.show_clock import MAX_BPM, MIN_BPM


def _key(default: Any, rule: Any, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"rule": rule})


@dataclass(frozen=True, slots=True)
class HubSection:
    host: str = _key("0.0.0.0", Text(1, 64))  # IPv4 address or name to listen on
    port: int = _key(constants.CTRL_HTTP_PORT, Int(0, 65535))  # 0: any free port
    name: str = _key("K1 LightwaveOS", Text(1, 32))
    log: str = _key("info", Choice(("debug", "info", "warning", "error")))
    log_format: str = _key("text", Choice(("text", "json")))  # json: one object a line


@dataclass(frozen=True, slots=True)
class StreamSection:
    udp_port: int = _key(constants.UDP_PORT, Int(1, 65535))
    time_port: int = _key(constants.TS_UDP_PORT, Int(0, 65535))  # of time pings by UDP; 0: any free port
    realtime: bool = _key(True, Bool())  # ask for real-time scheduling of the tick; without the right to, go on


@dataclass(frozen=True, slots=True)
class ShowSection:
    bpm: float = _key(0.0, ZeroOr(MIN_BPM, MAX_BPM))  # 0: no beat
    master: int = _key(255, Int(0, 255))
    effect: int = _key(0, Int(0, 65535))
    palette: int = _key(0, Int(0, 65535))


@dataclass(frozen=True, slots=True)
class TempoSection:
    source: str = _key("manual", Text(1, 24))  # at the start: manual, link, midi, or node:MAC
    midi_port: str = _key("", Text(0, 64))  # beginning of the input's name; empty: the first one


@dataclass(frozen=True, slots=True)
class OscSection:
    enabled: bool = _key(False, Bool())  # OSC knows no passwords: whoever reaches the port plays the show
    host: str = _key("0.0.0.0", Text(1, 64))
    port: int = _key(9100, Int(0, 65535))  # UDP; 0: any free port


@dataclass(frozen=True, slots=True)
class StoreSection:
    path: str = _key("", Text(0, 512))  # folder of what the hub keeps; "": k1 in the user's data folder
    raw_days: int = _key(7, Int(1, 3650))  # then metrics of nodes become least, mean and most of each minute
    minutes_days: int = _key(365, Int(1, 3650))
    events_days: int = _key(365, Int(1, 3650))

    def folder(self) -> Path:
        if self.path:
            return Path(self.path)
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "k1"


@dataclass(frozen=True, slots=True)
class AccessSection:
    enabled: bool = _key(True, Bool())  # False: whoever reaches the hub plays and changes the show
    # Names the hub goes by, beside its addresses, localhost and *.local.
    hosts: list[str] = field(default_factory=list, metadata={"rule": List(0, 16, Text(1, 64))})
    join_key: str = _key("", EmptyOr(Ascii(join.KEY_MIN, join.KEY_MAX)), secret=True)  # nodes must have the same
    join_key_file: str = _key("", Text(0, 512))  # a file that holds it instead; only its owner may read it

    def join_secret(self) -> str:
        """The join key, wherever it stands; empty where there is none. Raises ConfigError."""
        if not self.join_key_file:
            return self.join_key
        if self.join_key:
            raise ConfigError("access.join_key_file", "give a join_key or a file that holds it, not both")
        return _secret_of(Path(self.join_key_file), "access.join_key_file", Ascii(join.KEY_MIN, join.KEY_MAX))


@dataclass(frozen=True, slots=True)
class LimitsSection:
    nodes: int = _key(64, Int(1, 1000))
    body_bytes: int = _key(65536, Int(1024, 1 << 20))  # of one REST request
    messages_per_s: int = _key(100, Int(20, 10000))  # of one node; above it the hub reads more slowly


@dataclass(frozen=True, slots=True)
class Config:
    hub: HubSection = field(default_factory=HubSection)
    stream: StreamSection = field(default_factory=StreamSection)
    show: ShowSection = field(default_factory=ShowSection)
    store: StoreSection = field(default_factory=StoreSection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    tempo: TempoSection = field(default_factory=TempoSection)
    osc: OscSection = field(default_factory=OscSection)
    access: AccessSection = field(default_factory=AccessSection)


_SECTIONS: dict[str, Any] = {section.name: section.type for section in dataclasses.fields(Config)}
_RULES = {
    name: Closed(*((key.name, Optional(key.metadata["rule"])) for key in dataclasses.fields(section)))
    for name, section in _SECTIONS.items()
}
_DOCUMENT = Closed(*((name, Optional(rules)) for name, rules in _RULES.items()))


def load(path: Path | None = None) -> Config:
    """Read `path`, or give the defaults. Raises ConfigError."""
    if path is None:
        return Config()
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("", f"{path} is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("", f"cannot read {path}: {error}") from None


def from_dict(document: dict[str, Any]) -> Config:
    """Check a parsed TOML document. Raises ConfigError naming the key and its limit."""
    try:
        checked = _DOCUMENT.check(document, "")
    except FieldError as error:
        raise ConfigError(error.field, error.detail) from None
    return Config(**{name: _SECTIONS[name](**values) for name, values in checked.items()})


def _secret_of(file: Path, key: str, rule: Any) -> str:
    """The one line of a file that only its owner may read. Raises ConfigError, which never shows it."""
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(key, f"cannot read {file}: {getattr(error, 'strerror', None) or 'not ASCII'}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(key, f"{file} can be read by others (mode {stat.S_IMODE(mode):o}); set it to 600")
    try:
        return str(rule.check(text, key))
    except FieldError as error:
        raise ConfigError(error.field, error.detail) from None


def override(config: Config, section: str, **values: Any) -> Config:
    """A copy of `config` with keys of one section replaced where a value is not None. Raises ConfigError."""
    given = {key: value for key, value in values.items() if value is not None}
    try:
        checked = _RULES[section].check(given, section)
    except FieldError as error:
        raise ConfigError(error.field, error.detail) from None
    return dataclasses.replace(config, **{section: dataclasses.replace(getattr(config, section), **checked)})
