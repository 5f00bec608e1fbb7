"""A laptop's WiFi where there can be none: `iw`, `nmcli` and `hostapd` on PATH that answer as the real ones print."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.conftest import write

BAND_2 = """\
	Band 1:
		Frequencies:
			* 2412 MHz [1] (20.0 dBm)
			* 2437.0 MHz [6] (20.0 dBm)
			* 2462 MHz [11] (20.0 dBm)
			* 2467 MHz [12] (20.0 dBm) (no IR)
			* 2484 MHz [14] (disabled)
"""
BAND_5 = """\
	Band 2:
		Frequencies:
			* 5180 MHz [36] (20.0 dBm)
"""
IW = """\
#!/bin/sh
echo "iw $*" >> {log}
case "$*" in
  dev) cat {folder}/dev;;
  "phy phy0 info") cat {folder}/phy;;
  "reg get") echo "global"; echo "country $(cat {folder}/country): DFS-ETSI";;
  "reg set "*) echo "$3" > {folder}/country;;
  *"get power_save") echo "Power save: $(cat {folder}/power_save)";;
  *"set power_save "*) echo "$5" > {folder}/power_save;;
  *) echo "usage" >&2; exit 1;;
esac
"""
NMCLI = """\
#!/bin/sh
echo "nmcli $*" >> {log}
case "$*" in
  "-t -f RUNNING general") echo running;;
  "-g GENERAL.CON-UUID device show wlan0") echo 1b2c;;
  "connection up k1-lightwave") {up};;
  *) ;;
esac
"""
HOSTAPD = """\
#!/bin/sh
echo "hostapd $*" >> {log}
sleep 600 > /dev/null 2>&1 < /dev/null &
echo $! > "$3"
"""


@dataclass
class FakeRadio:
    """`environment` has the fakes in front of everything else; `calls` is what was asked of them."""

    folder: Path
    country: str = "DE"
    power_save: str = "on"
    modes: str = "managed AP"
    bands: str = BAND_2 + BAND_5
    interface: str = "wlan0"
    with_nmcli: bool = False
    nmcli_up: str = "true"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools, log = self.folder / "bin", self.folder / "log"
        dev = "phy#0\n"
        if self.interface:
            dev += f"\tInterface {self.interface}\n\t\tifindex 3\n\t\ttype managed\n"
        write(self.folder / "dev", dev)
        modes = "".join(f"\t\t * {mode}\n" for mode in self.modes.split())
        write(self.folder / "phy", f"Wiphy phy0\n\tSupported interface modes:\n{modes}{self.bands}")
        write(self.folder / "country", f"{self.country}\n")
        write(self.folder / "power_save", f"{self.power_save}\n")
        write(log, "")
        write(tools / "iw", IW.format(log=log, folder=self.folder), executable=True)
        write(tools / "hostapd", HOSTAPD.format(log=log), executable=True)
        if self.with_nmcli:
            write(tools / "nmcli", NMCLI.format(log=log, up=self.nmcli_up), executable=True)
        self.environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    @property
    def calls(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def says(self, name: str) -> str:
        return (self.folder / name).read_text().strip()
