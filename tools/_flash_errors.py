"""The one error of flashing and deploying, and what the words of esptool and the system mean to a user."""

from __future__ import annotations

import grp
import re
from pathlib import Path


class FlashError(Exception):
    """Why a board was not flashed: `cause`, and `remedy`, what to do next. Neither holds a secret."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}. {remedy}.")
        self.cause = cause
        self.remedy = remedy


_AGAIN = "Run the same command with --resume; if it happens again, use a shorter cable, no USB hub, and --baud 115200"
_DOWNLOAD_MODE = "Hold BOOT, press RESET, let go of BOOT, and run it again; try another cable: some only charge"
# What esptool says: what that means, and what to do. The first that matches counts.
_MEANINGS = (
    (r"[Pp]ermission denied", "you have no permission to use the port",
     "sudo usermod -aG {group} $USER, log out and in, and run it again"),
    (r"exclusively lock|Access is denied|Errno 11\b|Errno 16\b", "another program uses the port",
     "End that program (a terminal, mpremote, a monitor) and run it again"),
    (r"Errno 25\b|Inappropriate ioctl", "this is no serial port", "Choose another: --list names those of boards"),
    (r"Errno 2\b|FileNotFoundError|No such file", "there is no such port", "Plug the board in; --list names ports"),
    (r"Wrong boot mode", "the board starts its program and not its loader", _DOWNLOAD_MODE),
    (r"getting no sync reply", "the board hears nothing from here", "Its line TX of the adapter is loose: check it"),
    (r"Failed to connect|No serial data received", "nothing answers as an ESP32 on the port", _DOWNLOAD_MODE),
    (r"Unexpected chip|autodetect", "the chip is none that esptool knows", "Is it an ESP32-S3? Update esptool if so"),
    (r"MD5|region is empty|Digest mismatch", "what was read back is not what was written",
     "Run it again; a flash that fails twice is damaged, or smaller than it says"),
    (r"will not fit", "the image is too large for the flash", "Take a smaller image, or a board with more flash"),
    (r"[Ss]ecurity|[Ee]ncrypt|[Ss]ecure", "the chip is locked by its security eFuses", "It takes signed images only"),
    (r"stopped|No more data|Invalid (head|SLIP)|Failed to write|doesn't match|readiness|disconnected|timeout|Corrupt",
     "the connection lost bytes", _AGAIN),
)  # fmt: skip


def explained(error: Exception, port: str) -> FlashError:
    """What an error of esptool, pyserial or the system on that port means."""
    text = " ".join(str(error).split())
    for pattern, cause, remedy in _MEANINGS:
        if re.search(pattern, text):
            return FlashError(cause, remedy.format(group=_group(port)))
    return FlashError(f"esptool says: {text[:200]}", _AGAIN)


def _group(port: str) -> str:
    """Whose members may use the port."""
    try:
        return grp.getgrgid(Path(port).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
