"""The node: reads /config.json, builds the hardware, runs the pipeline until Ctrl-C. What main.py calls."""

import json
import sys
import time

import loader

from lightwave_hw import board
from lightwave_node import VERSION
from lightwave_node.config import Config, ConfigError

CONFIG = "/config.json"
PAUSE_BEFORE_RESET_S = 3  # long enough to read what happened, and to press Ctrl-C


def read_config():
    try:
        with open(CONFIG) as file:
            config = Config(json.load(file))
    except OSError:
        raise ConfigError(CONFIG, "is missing; the least it needs is an ssid") from None
    except ConfigError:
        raise
    except ValueError:
        raise ConfigError(CONFIG, "is not JSON") from None
    for name in config.unknown:
        print("[BOOT] config.json: %s is unknown and ignored" % name)
    return config


def run(config):
    hardware = board.Board(config)
    # Only now: the stock LED port needs 30 KB of the heap in one piece, which all the modules would not leave it.
    from lightwave_node.pipeline import Pipeline

    pipeline = Pipeline(config, hardware)
    leds = "+".join([str(count) for count in config.leds])
    print("[BOOT] K1 LightwaveOS %s mac=%s leds=%s fps=%d" % (VERSION, hardware.station.mac(), leds, config.fps))
    print("[GPU TASK] Running on Core %d" % hardware.python_core)
    if hardware.audio.core is None:
        print("[BOOT] no sound: %s" % hardware.audio.why)
    else:
        print("[AUDIO SYNC] Initialized successfully")
        print("[AUDIO TASK] Running on Core %d" % hardware.audio.core)
    pipeline.run()


def main():
    developer = False
    try:
        config = read_config()
        developer = config.developer
        run(config)
    except KeyboardInterrupt:
        print("[BOOT] stopped by Ctrl-C")
    except ConfigError as error:
        print("[BOOT] config.json: %s" % error)
    except Exception as error:
        print("[BOOT] the node has failed:")
        sys.print_exception(error)
        if loader.watchdog is not None or not developer:
            time.sleep(PAUSE_BEFORE_RESET_S)
            board.reset()
