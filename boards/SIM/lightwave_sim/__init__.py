"""The host side of the SIM board: power, serial port, access point, and what the LEDs showed."""

from .image import build_image
from .journal import Frame, Journal
from .options import SimOptions
from .process import NodeCrashed, SimError, SimNode, WaitTimeout

__all__ = [
    "Frame",
    "Journal",
    "NodeCrashed",
    "SimError",
    "SimNode",
    "SimOptions",
    "WaitTimeout",
    "build_image",
]
