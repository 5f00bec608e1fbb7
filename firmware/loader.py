"""Decides which application runs, before any of it is imported. No update over the air replaces this file.

An application lies in /lib (as it was deployed; frozen in our image), or in a slot that updates fill. /ota/0 and /ota/1
hold one record each, written in turn: the one that is whole and has the higher number counts, so a power cut can only
spoil the older. A new application gets TRIES starts to prove itself healthy (lightwave_node/trial.py); then the one
before it runs again.
"""

import os
import sys
from binascii import crc32
from struct import calcsize, pack, unpack

SLOTS = ("/lib", "/app/1", "/app/2")
PARTITIONS = len(SLOTS)  # trials from here on are of ota_0, ota_1: the bootloader chooses those
TRIES = 3
WATCHDOG_MS = 30000
NO_VERDICT, HEALTHY, TRIES_USED, NOT_HEALTHY, BOOTLOADER_WENT_BACK = range(5)

_CONFIG = "/config.json"
_FOLDER = "/ota"
_FORMAT = "<4sIBBBBII32s"
_SIZE = calcsize(_FORMAT)  # and a CRC-32 of it behind
_MAGIC = b"K1B1"
watchdog = None  # once started it cannot be stopped: who runs has to feed it


class Record:
    """`slot` is proven, `trial` is to be proven (0: none) and has `tries` starts left; `verdict` on `version`, the
    newest update; `counter` of the newest proven release, `trial_counter` of that on trial."""

    def __init__(self):
        self.sequence = self.slot = self.trial = self.tries = self.verdict = self.counter = self.trial_counter = 0
        self.version = b""


def read():
    """The record that counts; an empty one where there is none."""
    newest = Record()
    for place in range(2):
        try:
            with open("%s/%d" % (_FOLDER, place), "rb") as file:
                data = file.read()
            if len(data) != _SIZE + 4 or data[:4] != _MAGIC or unpack("<I", data[_SIZE:])[0] != crc32(data[:_SIZE]):
                continue
        except OSError:
            continue
        record = Record()
        _, record.sequence, record.slot, record.trial, record.tries, *rest = unpack(_FORMAT, data[:_SIZE])
        record.verdict, record.counter, record.trial_counter, version = rest
        record.version = version.rstrip(b"\0")
        if record.sequence > newest.sequence:
            newest = record
    return newest


def write(record):
    """Keep the record, beside the one before it. Raises OSError."""
    try:
        os.mkdir(_FOLDER)
    except OSError:
        pass  # exists
    record.sequence += 1
    data = pack(
        _FORMAT, _MAGIC, record.sequence, record.slot, record.trial, record.tries, record.verdict, record.counter,
        record.trial_counter, record.version,
    )  # fmt: skip
    with open("%s/%d" % (_FOLDER, record.sequence & 1), "wb") as file:
        file.write(data + pack("<I", crc32(data)))


def start():
    """At boot: put the chosen slot first in the path of modules, and count a start of one on trial."""
    slot = 0
    try:
        record = read()
        slot = record.slot
        if record.trial:
            slot = _next_try(record)
    except Exception as error:  # whatever it is, a node that starts can be mended
        print("[BOOT] loader: %r" % error)
    if 0 < slot < len(SLOTS):
        sys.path.insert(0, SLOTS[slot])


def _next_try(record):
    global watchdog
    if not record.tries:
        record.trial = 0
        record.verdict = TRIES_USED
    else:
        record.tries -= 1
    write(record)
    if not record.trial:
        return record.slot
    if not _is_developed():
        import machine

        watchdog = machine.WDT(timeout=WATCHDOG_MS)
    print("[BOOT] %s is on trial, %d more starts" % (str(record.version, "ascii"), record.tries))
    return record.trial if record.trial < PARTITIONS else record.slot


def _is_developed():
    """In developer mode nobody resets a node whose REPL is in use."""
    try:
        import json

        with open(_CONFIG) as file:
            return json.load(file).get("developer") is True
    except Exception:  # what start.py will complain of
        return False


def failed():
    """The application has raised: one on trial has lost this start, any other leaves its traceback to a reader."""
    if watchdog is not None:
        import machine

        machine.reset()
