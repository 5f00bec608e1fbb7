"""K1_S3's ports over the C module in the whole application: LEDs that start together, sound on a task of its own."""

import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from lightwave_sim import Frame, SimNode, SimOptions
from lightwave_sim.fleet import STRIP_A_PIN, Fleet
from lightwave_sim.options import ROOT, board_config
from lightwave_sim.spread import HUES, colour_of
from tests.system.conftest import FleetMaker, states, wait_for
from tests.system.test_show import STRIP_B_PIN, solid

FRAME_NS = 1_000_000_000 // 120
QUIET_NS = 100_000_000  # several frames
BOOT_LINES = (
    r"\[GPU TASK\] Running on Core \d",
    r"\[AUDIO SYNC\] Initialized successfully",
    r"\[AUDIO TASK\] Running on Core \d",
)


def strip(fleet: Fleet, pin: int, since_ns: int = 0) -> list[Frame]:
    return [frame for frame in fleet.nodes[0].journal.records() if frame.pin == pin and frame.start_ns >= since_ns]


def test_both_strips_start_in_the_same_nanosecond(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1, skew_ppm=60.0) as fleet:
        begin = len(fleet.nodes[0].journal.records())
        fleet.nodes[0].journal.wait(begin + 480)
        starts = [frame.start_ns for frame in strip(fleet, STRIP_A_PIN)]
        both = list(zip(starts, (frame.start_ns for frame in strip(fleet, STRIP_B_PIN)), strict=False))
        assert len(both) >= 240
        assert all(a == b for a, b in both)
        # Its own clock's 120 a second, moved by at most 1 % while the grids meet.
        assert median(later - earlier for earlier, later in pairwise(starts)) == pytest.approx(FRAME_NS, rel=0.011)


def test_a_strip_never_shows_what_the_other_is_told(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1) as fleet:
        fleet.hub.post("/api/scene", solid(170, "b"))

        def b_is_blue() -> bool:
            frames = strip(fleet, STRIP_B_PIN)
            return bool(frames) and colour_of(frames[-1]) == HUES[170]

        wait_for(b_is_blue, fleet, "strip B is blue")
        since_ns = time.monotonic_ns()
        for hue in (0, 43, 85, 213) * 2:
            fleet.hub.post("/api/scene", {**solid(hue, "a"), "fade_ms": 20})
            wait_for(lambda hue=hue: colour_of(strip(fleet, STRIP_A_PIN)[-1]) == HUES[hue], fleet, f"A has hue {hue}")
        frames = strip(fleet, STRIP_B_PIN, since_ns)
        assert len(frames) >= 8
        assert {colour_of(frame) for frame in frames} == {HUES[170]}


def test_boot_and_rate_lines(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1, config={"print_rates": True}) as fleet:
        node = fleet.nodes[0]
        for line in BOOT_LINES:
            node.wait_for(line)
        node.wait_for(r"^FPS: A=1(19|20|21)\.\d B=1(19|20|21)\.\d$", timeout=10)
        age_ms = float(node.wait_for(r"^Audio age: (\d+\.\d\d) ms$")[1])
        assert age_ms < 1000


def test_a_firmware_without_the_native_port_names_the_field(tmp_path: Path) -> None:
    config = board_config("K1_S3")
    del config["ssid"]  # the access point is the SIM's own
    with SimNode(SimOptions(tmp_path / "node", config=config)) as node:
        # A firmware with another _lightwave, or none: whoever imports it gets this.
        main = "import sys\nsys.modules['_lightwave'] = object()\nimport node_main\n"
        node.write_files({"/main.py": main, "/node_main.py": (ROOT / "firmware" / "main.py").read_text()})
        node.start()
        node.wait_for(r"\[BOOT\] config\.json: led_port: is native, which this firmware is not built with")
        node.wait_for(">>> ")
        node.check()


def test_ctrl_c_leaves_a_dark_silent_node_and_a_soft_reset_starts_it_again(new_fleet: FleetMaker, sound: Path) -> None:
    with new_fleet(nodes=1, audio=sound) as fleet:
        node = fleet.nodes[0]
        for line in BOOT_LINES:
            node.wait_for(line)
        with open(node.serial_path, "wb", buffering=0) as serial:
            serial.write(b"\x03")
            node.wait_for("stopped by Ctrl-C")
            node.wait_for(">>> ")
            stopped_ns = time.monotonic_ns()
            for pin in (STRIP_A_PIN, STRIP_B_PIN):
                assert not any(strip(fleet, pin)[-1].wire)
            serial.write(b"import _lightwave as lw; got = bytearray(lw.snapshot_size())\r")
            serial.write(b"print('silent', lw.snapshot_read(got), sum(got), 6 * 7)\r")
            node.wait_for("^silent True 0 42$")
            wait_for(lambda: time.monotonic_ns() - stopped_ns > QUIET_NS, fleet, "some frames' time has passed")
            assert not strip(fleet, STRIP_A_PIN, stopped_ns)
            wait_for(lambda: states(fleet) == ["LOST"], fleet, "the hub has lost the node")
            serial.write(b"\x04")
            node.wait_for("MPY: soft reboot")
        for line in BOOT_LINES:
            node.wait_for(line)
        wait_for(lambda: states(fleet) == ["READY"], fleet, "the node is READY again")
        wait_for(lambda: strip(fleet, STRIP_A_PIN, stopped_ns), fleet, "strip A is driven again")
