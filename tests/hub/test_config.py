"""The configuration file."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from lightwave import constants
from lightwave_hub import config
from lightwave_hub.errors import ConfigError


def test_defaults_are_the_contract_s():
    settings = config.load()
    assert (settings.hub.port, settings.stream.udp_port) == (constants.CTRL_HTTP_PORT, constants.UDP_PORT)
    assert (settings.hub.host, settings.limits.nodes) == ("0.0.0.0", 64)


def test_a_file_changes_what_it_names(tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text('[hub]\nport = 8080\nname = "Stage"\n[show]\nbpm = 127.5\nmaster = 200\n[limits]\nnodes = 1000\n')
    settings = config.load(path)
    assert (settings.hub.port, settings.hub.name, settings.show.bpm) == (8080, "Stage", 127.5)
    assert (settings.show.master, settings.limits.nodes, settings.stream.realtime) == (200, 1000, True)


@pytest.mark.parametrize(
    ("document", "key", "detail"),
    [
        ({"hub": {"port": 65536}}, "hub.port", "0..65535"),
        ({"hub": {"port": "80"}}, "hub.port", "integer"),
        ({"hub": {"port": True}}, "hub.port", "true"),
        ({"hub": {"name": "x" * 33}}, "hub.name", "1..32"),
        ({"hub": {"log": "loud"}}, "hub.log", "debug, info, warning, error"),
        ({"hub": {"prot": 80}}, "hub.prot", "known: host, port"),
        ({"hub": 80}, "hub", "object"),
        ({"stream": {"udp_port": 0}}, "stream.udp_port", "1..65535"),
        ({"stream": {"tick_hz": 50}}, "stream.tick_hz", "unknown"),
        ({"stream": {"realtime": 1}}, "stream.realtime", "true or false"),
        ({"show": {"bpm": 19}}, "show.bpm", "0 or a number 20..300"),
        ({"show": {"bpm": True}}, "show.bpm", "20..300"),
        ({"limits": {"nodes": 1001}}, "limits.nodes", "1..1000"),
        ({"access": {"enabled": 1}}, "access.enabled", "true or false"),
        ({"access": {"hosts": ["k1.example"] * 17}}, "access.hosts", "0..16"),
        ({"access": {"join_key": "too-short"}}, "access.join_key", "16..64"),
        ({"access": {"join_key": "a space is not ascii"}}, "access.join_key", "without spaces"),
        ({"colour": {}}, "colour", "known: hub, stream, show, store, limits"),
    ],
)
def test_a_bad_key_is_named_with_its_limit(document, key, detail):
    with pytest.raises(ConfigError) as caught:
        config.from_dict(document)
    assert caught.value.key == key
    assert detail in caught.value.detail


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text("[hub\n")
    with pytest.raises(ConfigError, match="hub.toml is not TOML"):
        config.load(path)
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(tmp_path / "none.toml")


def test_a_join_key_may_stand_in_a_file_of_its_own(tmp_path):
    path = tmp_path / "join.key"
    path.write_text("sixteen-letters-\n")
    path.chmod(0o600)
    assert config.from_dict({"access": {"join_key_file": str(path)}}).access.join_secret() == "sixteen-letters-"
    with pytest.raises(ConfigError, match="not both"):
        config.from_dict({"access": {"join_key_file": str(path), "join_key": "k" * 16}}).access.join_secret()
    path.write_text("short\n")
    with pytest.raises(ConfigError, match=r"16\.\.64") as caught:
        config.from_dict({"access": {"join_key_file": str(path)}}).access.join_secret()
    assert "short" not in str(caught.value)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="can be read by others"):
        config.from_dict({"access": {"join_key_file": str(path)}}).access.join_secret()
    with pytest.raises(ConfigError, match="cannot read"):
        config.from_dict({"access": {"join_key_file": str(tmp_path / "none")}}).access.join_secret()


def test_an_option_overrides_the_file_and_is_checked_like_it():
    settings = config.override(config.Config(), "hub", port=0, host=None)
    assert (settings.hub.port, settings.hub.host) == (0, "0.0.0.0")
    with pytest.raises(ConfigError, match=r"hub\.port"):
        config.override(settings, "hub", port=70000)


def test_the_example_file_names_every_key_with_its_default():
    example = Path(config.__file__).parents[1] / "hub.example.toml"
    assert config.load(example) == config.Config()
    document = tomllib.loads(example.read_text())
    sections = {section.name: section.type for section in dataclasses.fields(config.Config)}
    assert {name: set(keys) for name, keys in document.items()} == {
        name: {key.name for key in dataclasses.fields(section)} for name, section in sections.items()
    }
