"""A firmware update on the SIM board's flash with the power cut at random points: in the image, in otadata, in the
record, while the bootloader writes, and while the new image is found healthy."""

import random
import textwrap
from pathlib import Path

import pytest

from lightwave_sim import NodeCrashed, SimNode, SimOptions, build_image
from lightwave_sim.flash import copy_sparse

ROOT = Path(__file__).resolve().parents[2]
POINTS = 200
IMAGE_BYTES = 60_000
NEW = "import sys\nsys.modules['runs_new'] = True\n"

# Everything of the firmware that an update touches is the real one; this only drives it, as told over the serial port.
MAIN = """
    import sys
    import _sim
    import loader
    from lightwave_hw.update_port import UpdatePort

    port = UpdatePort()
    what = "new" if "runs_new" in sys.modules else "old"
    print("start", _sim.env("K1_TEST_START", ""), "runs", what, "trial", port.trial or "-", "counter", port.counter)
    if port.trial:
        port.confirm()
        print("proved")
    if input() == "update":
        slot = port.slot("firmware")
        port.begin()
        for _ in slot.begin():
            pass
        block = bytearray(4096)
        with open("/image", "rb") as image:
            while True:
                count = image.readinto(block)
                if not count:
                    break
                slot.write(block, count)
        slot.finish()
        port.switch(slot, {"counter": 2, "version": "2"})
        port.reset()
"""


def node_files() -> dict[str, bytes | str]:
    firmware, shared = ROOT / "firmware", ROOT / "shared" / "lightwave"
    sources = [(shared / name, f"/lib/lightwave/{name}") for name in ("app_archive.py", "release.py", "fields.py")]
    sources += [
        (firmware / "lightwave_hw" / name, f"/lib/lightwave_hw/{name}") for name in ("slots.py", "update_port.py")
    ]
    sources += [(firmware / name, f"/{name}") for name in ("boot.py", "loader.py")]
    files: dict[str, bytes | str] = {target: source.read_bytes() for source, target in sources}
    return files | {
        "/main.py": textwrap.dedent(MAIN),
        "/image": build_image("2", NEW, bytes(range(256)) * (IMAGE_BYTES // 256)),
    }


class Board:
    """One node whose flash can be set back to what it was before the update."""

    def __init__(self, folder: Path) -> None:
        self.node = SimNode(SimOptions(folder / "node", application=False))
        self.node.write_files(node_files())
        self.node.start()
        self.node.wait_for("runs old trial - counter 0")
        self.node.kill()
        self._flash = folder / "node" / "flash.bin"
        self._before = folder / "before.bin"
        copy_sparse(self._flash, self._before)
        self._starts = 0

    def start(self, cut: str = "") -> tuple[str, ...]:
        """Power on, with the power failing at `cut`; what runs, which version is on trial, the counter."""
        self._starts += 1  # tells its lines from those of the start before, which may have gone unread
        self.node.options.environment.update({"K1_SIM_FLASH_CUT": cut, "K1_TEST_START": str(self._starts)})
        self.node.power_on()
        return self.node.wait_for(rf"start {self._starts} runs (new|old) trial (\S+) counter (\d)").groups()

    def update(self) -> None:
        with open(self.node.serial_path, "wb", buffering=0) as serial:
            serial.write(b"update\r")

    def set_back(self) -> None:
        self.node.kill()
        copy_sparse(self._before, self._flash)


@pytest.fixture
def board(tmp_path: Path):  # type: ignore[no-untyped-def]
    board = Board(tmp_path)
    yield board
    board.node.stop()


def run_until_cut(board: Board, cut: str) -> bool:
    """Update, restart, prove; False when the power held until all that was over."""
    try:
        board.start(cut)
        board.update()
        board.node.wait_for("proved")
    except NodeCrashed:
        board.node.kill()
        return True
    return False


def count_operations(board: Board) -> int:
    """How many writes and erases there are from the order to the proof, by halving."""
    low, high = 0, 1000
    while high - low > 1:
        middle = (low + high) // 2
        if run_until_cut(board, f"{middle},50"):
            low = middle
        else:
            high = middle
        board.set_back()
    return low


@pytest.mark.timeout(400)
def test_a_firmware_update_survives_cuts_at_random_points(board: Board) -> None:
    operations = count_operations(board)
    assert operations > 2 * IMAGE_BYTES // 4096
    cuts = random.Random(8)
    outcomes = {"old": 0, "new": 0}
    for number in range(POINTS):
        board.set_back()
        first = 1 if number % 2 else operations * 3 // 4  # half of them where it is decided what starts
        cut = f"{cuts.randint(first, operations)},{cuts.choice((0, 30, 60, 100))}"
        assert run_until_cut(board, cut), cut
        runs, trial, counter = board.start()
        if trial != "-":
            board.node.wait_for("proved")
        elif runs == "new":
            assert counter == "2", cut  # else nobody would ever prove it
        board.node.kill()
        # What has started once more is what goes on to start.
        assert board.start()[0] == runs, cut
        outcomes[runs] += 1
    assert min(outcomes.values()) > POINTS // 20, outcomes
