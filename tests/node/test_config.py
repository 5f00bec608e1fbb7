"""What config.json may say."""

import pytest

from lightwave_node.config import Config, ConfigError


def test_an_ssid_is_enough():
    config = Config({"ssid": "stage"})
    assert (config.hub_host, config.hub_port, config.udp_port) == ("192.168.4.1", 80, 49152)
    assert (config.leds, config.pins, config.fps) == ([160, 160], [5, 4], 60)
    assert config.lead_us == 14583
    assert (config.led_port, config.audio_port) == ("stock", "stock")
    assert config.audio and not config.developer
    assert config.unknown == []


def test_the_native_led_port_draws_twice_as_often():
    config = Config({"ssid": "stage", "led_port": "native"})
    assert (config.fps, config.lead_us) == (120, 7291)


def test_unknown_keys_are_named_and_not_fatal():
    assert Config({"ssid": "x", "colour": 1, "answer": 42}).unknown == ["answer", "colour"]


@pytest.mark.parametrize(
    ("wrong", "field", "detail"),
    [
        ({"ssid": None}, "ssid", "is missing"),
        ({"ssid": ""}, "ssid", "1 to 32"),
        ({"ssid": "x" * 33}, "ssid", "1 to 32"),
        ({"password": "short"}, "password", "8 to 63"),
        ({"join_key": "fifteen-letters"}, "join_key", "16 to 64"),
        ({"join_key": "x" * 65}, "join_key", "16 to 64"),
        ({"join_key": "sixteen chars, not"}, "join_key", "16 to 64 ASCII characters without spaces"),
        ({"hub_port": 0}, "hub_port", "1 to 65535"),
        ({"hub_port": "80"}, "hub_port", "integer"),
        ({"udp_port": True}, "udp_port", "integer"),
        ({"leds": 160}, "leds", "list of 1 to 2"),
        ({"leds": [10, 10, 10]}, "leds", "list of 1 to 2"),
        ({"leds": [0, 10]}, "leds", "1 to 1024"),
        ({"leds": [600, 10]}, "leds", "at most 545 at 60"),
        ({"leds": [300, 300], "fps": 120}, "leds", "at most 267 at 120"),
        ({"leds": [160]}, "pins", "one pin for each of the 1 strips"),
        ({"pins": [5, 5]}, "pins", "twice"),
        ({"pins": [5, 14]}, "pins", "mic_pins"),
        ({"pins": [5, 49]}, "pins", "0 to 48"),
        ({"fps": 50}, "fps", "60, 120"),
        ({"mic_pins": {"sck": 1}}, "mic_pins", "sck, sd, ws"),
        ({"mic_pins": {"sck": 1, "ws": 2, "sd": "3"}}, "mic_pins.sd", "integer"),
        ({"audio": 1}, "audio", "true or false"),
        ({"audio_rate": 8000}, "audio_rate", "12000 to 48000"),
        ({"audio_hop": 100}, "audio_hop", "one of 64, 128, 256"),
        ({"audio_lowest_chz": 5499}, "audio_lowest_chz", "5500 to 44000"),
        ({"audio_lowest_chz": 15041}, "audio_lowest_chz", "at most 15040 at 16000 Hz"),
        ({"audio_gain_db": 61}, "audio_gain_db", "-24 to 60"),
        ({"audio_attack_ms": -1}, "audio_attack_ms", "0 to 1000"),
        ({"audio_release_ms": 5001}, "audio_release_ms", "0 to 5000"),
        ({"audio_range_db": -19}, "audio_range_db", "-90 to -20"),
        ({"audio_recovery_ms": 0}, "audio_recovery_ms", "200 to 60000"),
        ({"idle_after_s": 301}, "idle_after_s", "1 to 300"),
        ({"led_port": "spi"}, "led_port", "one of stock, native"),
        ({"audio_port": 1}, "audio_port", "one of stock, native"),
        ({"update_key": "ab" * 31}, "update_key", "64 to 64"),
        ({"board": "b" * 17}, "board", "1 to 16"),
        ({"trial_s": 91}, "trial_s", "1 to 90"),
        ({"lead_us": 20000}, "lead_us", "1000 to 16666"),
    ],
)
def test_an_error_names_field_and_limit(wrong, field, detail):
    values = {"ssid": "stage", **wrong}
    if values["ssid"] is None:
        del values["ssid"]
    with pytest.raises(ConfigError, match=detail) as caught:
        Config(values)
    assert caught.value.field == field


def test_not_an_object():
    with pytest.raises(ConfigError, match="JSON object"):
        Config([])
