"""The node's configuration: /config.json as a dict, checked."""

from lightwave import join
from lightwave.constants import CTRL_HTTP_PORT, HUB_IP, UDP_PORT
from lightwave_node.frame_grid import FRAME_RATES

STOCK = "stock"  # ports over what every MicroPython for ESP32 has
NATIVE = "native"  # ports over our C module
_MAX_STRIPS = 2
_MAX_LEDS = 1024  # per strip; what fits is decided by memory and by the frame rate
_MAX_PIN = 48
_BIT_NS = 1250
_LATCH_US = 300
_HOPS = (64, 128, 256)  # samples between snapshots: whole DMA blocks of our task, or even parts of a stock one
_RATE_AT = 0  # in audio_settings
_LOWEST_AT = 2


class ConfigError(ValueError):
    """`field` is the key at fault, `detail` says what is allowed."""

    def __init__(self, field, detail):
        super().__init__("%s: %s" % (field, detail))
        self.field = field
        self.detail = detail


class Config:
    """All settings, with their defaults. `unknown` lists the keys that mean nothing here: reported, not fatal."""

    def __init__(self, values):
        if not isinstance(values, dict):
            raise ConfigError("config.json", "must be a JSON object")
        take = _Taker(values)
        self.ssid = take.text("ssid", 1, 32)
        self.password = take.text("password", 8, 63, default="")
        self.hub_host = take.text("hub_host", 1, 64, default=HUB_IP)
        self.hub_port = take.integer("hub_port", 1, 65535, CTRL_HTTP_PORT)
        self.udp_port = take.integer("udp_port", 1, 65535, UDP_PORT)
        # Node and hub prove to each other that they know it; a secret like the password, so nothing may print either.
        self.join_key = take.ascii("join_key", join.KEY_MIN, join.KEY_MAX, default="")
        self.leds = take.integers("leds", 1, _MAX_LEDS, [160, 160])
        self.pins = take.integers("pins", 0, _MAX_PIN, [5, 4])
        self.led_port = take.choice("led_port", (STOCK, NATIVE), STOCK)
        self.fps = take.choice("fps", FRAME_RATES, 120 if self.led_port == NATIVE else 60)
        # Work on a frame begins this long before its deadline. Early, so that a garbage collection or a busy network
        # does not cost the frame; edges come APPLY_AHEAD_US ahead, of which this leaves the network the rest.
        self.lead_us = take.integer("lead_us", 1000, 1000000 // self.fps, 875000 // self.fps)
        self.idle_after_s = take.integer("idle_after_s", 1, 300, 10)
        self.audio = take.boolean("audio", True)
        self.audio_port = take.choice("audio_port", (STOCK, NATIVE), STOCK)
        # What the analysis is started with, in the order of firmware/native/settings.h.
        self.audio_settings = [
            take.integer("audio_rate", 12000, 48000, 16000),
            take.choice("audio_hop", _HOPS, 128),
            take.integer("audio_lowest_chz", 5500, 44000, 11000),
            take.integer("audio_gain_db", -24, 60, 0),
            take.integer("audio_attack_ms", 0, 1000, 0),
            take.integer("audio_release_ms", 0, 5000, 40),
            take.integer("audio_range_db", -90, -20, -60),
            take.integer("audio_recovery_ms", 200, 60000, 4000),
        ]
        self.mic_pins = take.pins("mic_pins", {"sck": 14, "ws": 12, "sd": 13})
        # Flashing light can harm people: three flashes a second is the limit unless the installer lifts it here.
        self.strobe_unlimited = take.boolean("strobe_unlimited", False)
        # Updates: the hub's public key, which board this is, and how long a new application must be healthy to be kept.
        self.update_key = take.text("update_key", 64, 64, default="")
        self.board = take.text("board", 1, 16, default="")
        self.trial_s = take.integer("trial_s", 1, 90, 30)
        self.records_enabled = take.boolean("records_enabled", True)
        self.records_path = take.text("records_path", 1, 64, default="/records")
        self.records_limit_mb = take.integer("records_limit_mb", 0, 256, 1)  # 0: RAM alone
        self.records_max_age_s = take.integer("records_max_age_s", 1, 86400, 600)
        self.print_rates = take.boolean("print_rates", False)
        self.developer = take.boolean("developer", False)
        self.unknown = take.left_over()
        self._check_together()

    def _check_together(self):
        if len(self.pins) != len(self.leds):
            raise ConfigError("pins", "must name one pin for each of the %d strips" % len(self.leds))
        used = self.pins + list(self.mic_pins.values() if self.audio else ())
        if len(set(used)) != len(used):
            raise ConfigError("pins", "no pin can be used twice, also not by mic_pins")
        # The highest bin, 5.25 octaves up, needs 36 % of the rate.
        highest_lowest = self.audio_settings[_RATE_AT] * 94 // 100
        if self.audio_settings[_LOWEST_AT] > highest_lowest:
            raise ConfigError(
                "audio_lowest_chz", "at most %d at %d Hz" % (highest_lowest, self.audio_settings[_RATE_AT])
            )
        longest = (1000000 // self.fps - _LATCH_US) * 1000 // (24 * _BIT_NS)
        if max(self.leds) > longest:
            raise ConfigError("leds", "at most %d at %d frames a second" % (longest, self.fps))


class _Taker:
    """Takes checked values out of the dict; what nobody takes is unknown."""

    def __init__(self, values):
        self._values = dict(values)

    def left_over(self):
        return sorted(self._values)

    def text(self, name, low, high, default=None):
        value = self._values.pop(name, default)
        if value is None:
            raise ConfigError(name, "is missing")
        if value == default:
            return value
        if not isinstance(value, str) or not low <= len(value) <= high:
            raise ConfigError(name, "must be text of %d to %d characters" % (low, high))
        return value

    def ascii(self, name, low, high, default):
        value = self.text(name, low, high, default)
        for character in value:
            if not 0x21 <= ord(character) <= 0x7E:
                raise ConfigError(name, "must be %d to %d ASCII characters without spaces" % (low, high))
        return value

    def integer(self, name, low, high, default):
        return self._checked_integer(name, self._values.pop(name, default), low, high)

    def integers(self, name, low, high, default):
        values = self._values.pop(name, default)
        if not isinstance(values, list) or not 1 <= len(values) <= _MAX_STRIPS:
            raise ConfigError(name, "must be a list of 1 to %d integers" % _MAX_STRIPS)
        return [self._checked_integer(name, value, low, high) for value in values]

    def boolean(self, name, default):
        value = self._values.pop(name, default)
        if not isinstance(value, bool):
            raise ConfigError(name, "must be true or false")
        return value

    def choice(self, name, allowed, default):
        value = self._values.pop(name, default)
        if isinstance(value, bool) or value not in allowed:
            raise ConfigError(name, "must be one of %s" % ", ".join([str(each) for each in allowed]))
        return value

    def pins(self, name, default):
        value = self._values.pop(name, default)
        if not isinstance(value, dict) or sorted(value) != sorted(default):
            raise ConfigError(name, "must be an object with the pins %s" % ", ".join(sorted(default)))
        return {key: self._checked_integer(name + "." + key, value[key], 0, _MAX_PIN) for key in default}

    def _checked_integer(self, name, value, low, high):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ConfigError(name, "must be an integer %d to %d" % (low, high))
        return value
