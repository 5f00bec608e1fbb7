"""tools/flash.py from end to end: the real esptool writes an image, the SIM board starts, gets the application and its
configuration by mpremote's transport, and says hello to a real hub."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import _flash_board
import flash
import pytest
from _node_app import compiled
from _node_repl import NodeFacts, Repl
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

import build
from lightwave.app_archive import pack
from lightwave_hub.ota import images as ota_images
from lightwave_hub.ota.store import Release, UpdateStore
from lightwave_node import VERSION
from lightwave_sim.hub_process import HubProcess
from tests.tools import flash_images as images
from tests.tools.loaded_board import PASSWORD, LoadedBoard
from tests.tools.rom_chip import Chip
from tests.tools.rom_loader import Faults

NewBoard = Callable[..., LoadedBoard]
JOIN_KEY = "never-to-be-printed-either"
NUMBERS = itertools.count(1)  # each board has a MAC of its own: all say hello to the same hub


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said of failures, without its line breaks."""
    return " ".join(capsys.readouterr().err.split())


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of the test's own, and the secrets where flash.py looks for them."""
    monkeypatch.setattr(_flash_board, "JOURNAL", tmp_path / "journal.json")
    monkeypatch.setenv("K1_WIFI_PASSWORD", PASSWORD)
    monkeypatch.setenv("K1_JOIN_KEY", JOIN_KEY)


@pytest.fixture
def new_board(tmp_path: Path) -> Iterator[NewBoard]:
    build.ensure_sim()
    boards: list[LoadedBoard] = []

    def make(chip: Chip | None = None, faults: Faults | None = None) -> LoadedBoard:
        board = LoadedBoard(tmp_path, next(NUMBERS), chip, faults)
        boards.append(board)
        return board.__enter__()

    yield make
    for board in boards:
        board.__exit__(None, None, None)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "ESP32_GENERIC_S3.bin"
    path.write_bytes(images.whole(images.application(payload=bytes(range(256)) * 300)))
    return path


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """It takes nodes that prove the join key."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "hub.toml").write_text(f'[access]\njoin_key = "{JOIN_KEY}"\n')
    process = HubProcess(folder / "store", options=["--config", str(folder / "hub.toml")])
    process.start()
    yield process
    process.stop()


def leds_known_to(hub: HubProcess) -> dict[str, int]:
    """How many LEDs each node has said to have, by MAC."""
    return {node["mac"]: node["topo"]["leds"] for node in hub.get("/api/nodes")["nodes"]}


def test_makes_a_node_of_an_empty_board(
    new_board: NewBoard, image: Path, hub: HubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    told = ["--ssid", "LightwaveOS", "--hub", f"{hub.host}:{hub.port}", "--leds", "30,40"]
    assert flash.main(["--port", board.port, "--image", str(image), "--erase", *told]) == 0, capsys.readouterr()
    said = capsys.readouterr()
    assert board.loader.silicon.flash[: image.stat().st_size] == image.read_bytes()
    assert board.started_from == [0x10000]
    assert "ready: node " in said.out and board.mac in said.out
    everything = said.out + said.err + board.node.console
    assert PASSWORD not in everything and JOIN_KEY not in everything
    assert leds_known_to(hub)[board.mac] == 70
    board.node.check()


def test_goes_on_after_a_failure_without_doing_again_what_is_done(
    new_board: NewBoard, image: Path, hub: HubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    board, other = new_board(faults=Faults(wrong_md5=2)), new_board()
    ports = ["--port", board.port, "--port", other.port]
    told = ["--image", str(image), "--erase", "--hub", f"{hub.host}:{hub.port}"]
    assert flash.main([*ports, *told]) == 1
    said = complaint(capsys)
    assert f"{board.port}: what was read back is not what was written. Run it again" in said
    assert other.port not in said
    assert board.started_from == []
    # The second board runs, so its loader is out of reach of a pty: only the first is left.
    assert flash.main(["--port", board.port, *told, "--resume"]) == 0, capsys.readouterr()
    assert board.loader.erased_whole == 1
    assert leds_known_to(hub).keys() >= {board.mac, other.mac}


def test_resume_is_of_the_same_job_only(new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flash.main(["--port", new_board().port, "--image", str(image), "--resume"]) == 2
    assert "no run to go on with" in capsys.readouterr().err
    _flash_board.JOURNAL.write_text(json.dumps({"job": "another", "boards": {}}))
    assert flash.main(["--port", new_board().port, "--image", str(image), "--resume"]) == 2
    assert "the last run was another job" in capsys.readouterr().err


def test_an_application_image_goes_to_the_slot_that_is_started_then(
    new_board: NewBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    flash_memory = board.loader.silicon.flash
    before = images.whole(images.application("2.7.0", payload=images.OURS))
    flash_memory[: len(before)] = before
    flash_memory[0xD000:0xD004] = (2).to_bytes(4, "little")  # the bootloader was told to start ota_1
    after = tmp_path / "micropython.bin"
    after.write_bytes(images.application("2.8.0", payload=images.OURS))
    assert flash.main(["--port", board.port, "--image", str(after), "--no-hello"]) == 0, capsys.readouterr()
    assert flash_memory[0x10000 : 0x10000 + after.stat().st_size] == after.read_bytes()
    assert board.started_from == [0x10000]


@pytest.mark.parametrize(
    ("chip", "cause"),
    [
        (Chip(flash_mb=4), "lays out 8 MB of flash, the board has 4 MB"),
        (Chip(psram_mb=0), "no PSRAM in its package"),
        (Chip(chip_id=5), "the chip is an ESP32-C3, not an ESP32-S3"),
    ],
    ids=["flash", "PSRAM", "chip"],
)
def test_a_board_that_does_not_fit_is_left_alone(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str], chip: Chip, cause: str
) -> None:
    board = new_board(chip)
    assert flash.main(["--port", board.port, "--image", str(image), "--erase"]) == 1
    assert f"{board.port}: " in (said := complaint(capsys)) and cause in said
    assert not board.loader.written and not board.loader.erased_whole


def test_a_board_that_starts_over_and_over_is_said_to(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    # As with a flash whose first sector is worn out: what esptool verified is gone at the next start.
    board.loader.before_start = lambda: board.loader.silicon.erase(0, 4096)
    assert flash.main(["--port", board.port, "--image", str(image)]) == 1
    assert "starts over and over: its flash holds no program. Flash one by --image" in complaint(capsys)


def test_all_boards_side_by_side(
    new_board: NewBoard,
    image: Path,
    hub: HubProcess,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boards = [new_board(), new_board(Chip(flash_mb=2)), new_board()]
    plugged = []
    for board in boards:
        port = ListPortInfo(board.port)
        port.vid, port.pid = 0x303A, 0x1001
        plugged.append(port)
    monkeypatch.setattr(list_ports, "comports", lambda: plugged)
    assert flash.main(["--all", "--image", str(image), "--hub", f"{hub.host}:{hub.port}"]) == 1
    said = capsys.readouterr()
    assert {board.mac in leds_known_to(hub) for board in boards[::2]} == {True}
    assert boards[1].mac not in leds_known_to(hub)
    assert said.out.count("ready: node") == 4  # as they come, and in the table
    words = {line.split()[0]: line.split()[1:] for line in said.out.rsplit("\n\n", 1)[1].splitlines()}
    assert words["PORT"] == ["MAC", "FLASH+PSRAM", "VERSION", "TIME", "RESULT"]
    assert words[boards[0].port][:4] == [boards[0].mac, "8+8", "MB", VERSION]
    assert words[boards[1].port][:4] == [boards[1].mac, "2+8", "MB", "-"] and words[boards[1].port][-1] == "FAILED"
    assert f"{boards[1].port}: {image.name} is too large" in said.err
    assert max(map(len, (said.out + said.err).splitlines())) <= 80


def test_one_boards_mishap_is_not_anothers(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = new_board(), new_board()

    def compile_badly(node: NodeFacts) -> dict[str, bytes]:
        if node.mac == first.mac:
            raise ValueError("nobody foresaw this")
        return compiled(node)

    monkeypatch.setattr(_flash_board, "compiled", compile_badly)
    ports = ["--port", first.port, "--port", second.port]
    assert flash.main([*ports, "--image", str(image), "--no-hello"]) == 1
    said = complaint(capsys)
    assert f"{first.port}: this tool or a library of it has failed with ValueError. Report it with" in said
    assert second.port not in said
    (kept,) = _flash_board.JOURNAL.parent.glob("fault-*.txt")
    assert "nobody foresaw this" in kept.read_text()


def test_ctrl_c_ends_it_at_the_next_step(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board()
    told = ["--port", board.port, "--image", str(image), "--erase", "--no-hello"]
    main_thread = threading.get_ident()
    board.loader.before_start = lambda: signal.pthread_kill(main_thread, signal.SIGINT)
    assert flash.main(told) == 1
    assert "stopped by Ctrl-C. Go on with the same command and --resume" in complaint(capsys)
    assert "GPU TASK" not in board.node.console


def test_the_application_alone_goes_to_a_node_that_runs(
    new_board: NewBoard, image: Path, hub: HubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    told = ["--port", board.port, "--hub", f"{hub.host}:{hub.port}"]
    assert flash.main([*told, "--image", str(image)]) == 0, capsys.readouterr()
    assert flash.main(["--port", board.port, "--leds", "20,20"]) == 0, capsys.readouterr()
    assert leds_known_to(hub)[board.mac] == 40
    assert board.loader.resets == 1


def test_a_node_that_says_no_hello_is_explained(
    new_board: NewBoard,
    image: Path,
    hub: HubProcess,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = new_board().port
    told = ["--ssid", "elsewhere", "--timeout", "2"]
    assert flash.main(["--port", port, "--image", str(image), *told]) == 1
    said = complaint(capsys)
    assert "the node cannot join elsewhere" in said and "the password again" in said
    assert PASSWORD not in said
    monkeypatch.setenv("K1_JOIN_KEY", "the-key-of-another-fleet")
    told = ["--ssid", "LightwaveOS", "--hub", f"{hub.host}:{hub.port}", "--timeout", "2"]
    assert flash.main(["--port", port, *told]) == 1
    said = complaint(capsys)
    assert "no hello: " in said and "Give the key of the hub's fleet with --join-key-file" in said
    assert "the-key-of-another-fleet" not in said


def test_back_to_a_release_of_the_hub_by_usb(
    new_board: NewBoard, image: Path, hub: HubProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    told = ["--port", board.port, "--hub", f"{hub.host}:{hub.port}"]
    assert flash.main([*told, "--image", str(image)]) == 0, capsys.readouterr()
    with Repl(board.port) as repl:
        modules = {path: data for path, data in compiled(repl.facts()).items() if path.startswith("/lib/")}
        repl.remove(["/lib/lightwave_node/palettes.mpy"])  # what a bad version does
    archive = pack([(path.removeprefix("/lib/"), data) for path, data in modules.items()])
    _keep(tmp_path / "ota", "2.7.0", archive)
    assert flash.main(["--port", board.port, "--rollback", "2.6.0", "--ota", str(tmp_path / "ota")]) == 2
    assert "There are: 2.7.0 (GENERIC_S3)" in complaint(capsys)
    assert flash.main(["--port", board.port, "--rollback", "2.7.0", "--ota", str(tmp_path / "ota")]) == 0


def _keep(folder: Path, version: str, data: bytes) -> None:
    """As a hub keeps a release for stock boards."""
    image = ota_images.read(data)
    store = UpdateStore(folder)
    store.put_image(image, data)
    store.put_release(Release(version, "GENERIC_S3", image.kind, image.size, image.sha256, 1, 2**31, "", "", 0))
    store.close()


def test_a_dry_run_shows_the_plan_and_touches_nothing(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = new_board()
    told = ["--ssid", "Stage", "--update-key", "ab" * 32]
    assert flash.main(["--port", board.port, "--image", str(image), "--erase", "--dry-run", *told]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "erase the whole flash" in said and "whole image micropython v1.28.0" in said
    assert "config.json: join_key, password, ssid, update_key" in said
    assert PASSWORD not in said and JOIN_KEY not in said
    assert set(board.loader.silicon.flash) == {0xFF} and not board.loader.resets


def test_no_board_is_erased_that_could_not_be_told_a_password(
    new_board: NewBoard, image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board()
    monkeypatch.delenv("K1_WIFI_PASSWORD")
    assert flash.main(["--port", board.port, "--image", str(image), "--erase"]) == 2
    assert "no password was given. Give --password-file" in complaint(capsys)
    assert not board.loader.erased_whole


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--port", "/dev/ttyNONE"], "there is no such port"),
        (["--port", "/dev/null", "--leds", "2000,5"], "leds: must be an integer 1 to 1024"),
        (["--port", "/dev/null", "--hub", "hub:many"], "hub_port: must be an integer"),
        (["--port", "/dev/null", "--pins", "5"], "pins: must name one pin for each of the 2 strips"),
        (["--port", "/dev/null", "--mic-pins", "1,2"], "mic_pins: must be an object with the pins"),
        (["--port", "/dev/null", "--config", "missing.json"], "missing.json: No such file"),
        (["--rollback", "1.0", "--ota", "nowhere"], "nowhere holds no releases"),
    ],
)
def test_what_cannot_be_is_refused_before_any_board_is_touched(
    options: list[str], cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flash.main([*options, "--dry-run"]) == 2
    assert cause in complaint(capsys)
