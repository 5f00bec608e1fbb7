"""Images for the tests of updates, and a hub that keeps them."""

import struct
from collections.abc import Iterable

from lightwave import app_archive
from lightwave_sim import build_image

APP_FILES = [("lightwave_hw/start.mpy", b"start"), ("lightwave_node/__init__.mpy", b"x" * 5000)]


def firmware(version: str = "2.0.0", payload: bytes = bytes(10_000)) -> bytes:
    return build_image(version, payload=payload)


def app(files: Iterable[tuple[str, bytes]] = APP_FILES) -> bytes:
    return app_archive.pack(files)


def for_chip(image: bytes, chip: int) -> bytes:
    return image[:12] + struct.pack("<H", chip) + image[14:]
