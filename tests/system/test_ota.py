"""Updates over the air: a real hub, real SIM nodes, images that are good and images that are not."""

import time
from pathlib import Path

import pytest

from tests.system.conftest import FleetMaker, known_nodes, node_at, wait_for
from tests.system.ota_support import NEW, OLD, compile_app, firmware, k1_ota, member_states, options, rollout


def versions(nodes: list[dict[str, object]]) -> list[object]:
    return [node["fw"] for node in nodes]


def add_firmware(fleet, folder: Path, **changes) -> None:  # type: ignore[no-untyped-def]
    path = folder / "image.bin"
    path.write_bytes(firmware(**changes))
    assert k1_ota(fleet, "add", str(path)) == 0


@pytest.mark.timeout(240)
def test_a_rolling_update_of_four_nodes(
    new_fleet: FleetMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_fleet(nodes=4, **options(tmp_path)) as fleet:
        add_firmware(fleet, tmp_path)
        assert k1_ota(fleet, "push", NEW, "--soak", "0", "--detach") == 0
        most_away = 0

        def done() -> bool:
            nonlocal most_away
            away = [node for node in known_nodes(fleet) if node["state"] != "READY" or node["says"] == "updating"]
            most_away = max(most_away, len(away))
            return rollout(fleet)["state"] != "running"

        wait_for(done, fleet, "the rollout has ended", timeout_s=120)
        assert rollout(fleet)["state"] == "done", rollout(fleet)
        assert versions(known_nodes(fleet)) == [NEW] * 4
        assert most_away == 1
        assert k1_ota(fleet, "status", "--log") == 0
        log = [line.split(" ", 2)[2] for line in capsys.readouterr().out.splitlines() if " ordered " in line]
        macs = sorted(node.options.mac for node in fleet.nodes)
        assert [line.split()[1] for line in log] == macs


def test_an_application_for_stock_boards_and_back_again(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=1, board="GENERIC_S3", **options(tmp_path)) as fleet:
        node = fleet.nodes[0]
        old, new = tmp_path / "old.k1a", tmp_path / "new.k1a"
        for version, path in ((OLD + "-b", old), (NEW, new)):
            assert k1_ota(fleet, "pack", str(compile_app(tmp_path / version, version)), str(path)) == 0
            assert k1_ota(fleet, "add", str(path), "--version", version) == 0
            assert k1_ota(fleet, "push", version, "--soak", "0") == 0
            assert node_at(fleet, 0)["fw"] == version
        node.kill()
        node.power_on()
        wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "the node is back after a power cut")
        assert node_at(fleet, 0)["fw"] == NEW
        # What is in the other slot needs no second download.
        began = time.monotonic()
        assert k1_ota(fleet, "rollback", OLD + "-b") == 0
        assert node_at(fleet, 0)["fw"] == OLD + "-b"
        assert "downloading" not in node.console[-2000:] and time.monotonic() - began < 30


def test_a_bad_application_is_given_up_after_three_starts(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=1, board="GENERIC_S3", **options(tmp_path)) as fleet:
        archive = tmp_path / "bad.k1a"
        assert k1_ota(fleet, "pack", str(compile_app(tmp_path, broken=True)), str(archive)) == 0
        assert k1_ota(fleet, "add", str(archive), "--version", NEW) == 0
        assert k1_ota(fleet, "push", NEW, "--soak", "0") == 1
        assert "did not stay up in three starts: went back" in rollout(fleet)["why"]
        wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "the old application runs")
        assert node_at(fleet, 0)["fw"] == OLD


def test_a_bad_image_rolls_back_and_stops_the_rollout(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=2, **options(tmp_path)) as fleet:
        # It starts and says hello, but its strips show nothing: only the trial can tell.
        code = (
            "from lightwave_node import trial\n"
            "from lightwave_node.renderer import Renderer\n"
            "import time\n"
            "trial.PATIENCE_S = 5\n"
            "Renderer.frame = lambda self: time.sleep_ms(50)\n"
        )
        add_firmware(fleet, tmp_path, code=code)
        assert k1_ota(fleet, "push", NEW, "--soak", "0", "--detach") == 0
        fleet.nodes[0].wait_for(r"\[OTA\] 9.8.7 was not healthy in time", timeout=30)
        wait_for(lambda: rollout(fleet)["state"] == "failed", fleet, "the rollout has stopped")
        assert "was not healthy in time: went back" in rollout(fleet)["why"]
        assert member_states(fleet) == ["failed", "waiting"]
        wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "the node is back")
        assert versions(known_nodes(fleet)) == [OLD, OLD]


def test_a_node_killed_in_the_middle_of_a_download_is_updated_all_the_same(
    new_fleet: FleetMaker, tmp_path: Path
) -> None:
    with new_fleet(nodes=1, **options(tmp_path)) as fleet:
        node = fleet.nodes[0]
        node.options.environment["K1_SIM_FLASH_CUT"] = "40,50"  # within the image
        restart(fleet, node)
        add_firmware(fleet, tmp_path)
        assert k1_ota(fleet, "push", NEW, "--soak", "0", "--detach") == 0
        wait_for_the_end(node)
        del node.options.environment["K1_SIM_FLASH_CUT"]
        node.power_on()
        wait_for(lambda: rollout(fleet)["state"] != "running", fleet, "the rollout has ended", timeout_s=60)
        assert rollout(fleet)["state"] == "done", rollout(fleet)
        assert rollout(fleet)["members"][0]["attempts"] == 2
        assert node_at(fleet, 0)["fw"] == NEW


def test_a_hub_killed_in_the_middle_carries_the_rollout_on(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=2, **options(tmp_path)) as fleet:
        for node in fleet.nodes:  # 10 ms a sector: the download takes a while
            node.options.environment["K1_SIM_FLASH_ERASE_US"] = "10000"
            restart(fleet, node)
        add_firmware(fleet, tmp_path, size=800_000)
        assert k1_ota(fleet, "push", NEW, "--soak", "0", "--detach") == 0
        wait_for(lambda: progress(fleet) > 20, fleet, "the first download is under way")
        fleet.hub.kill()
        fleet.hub.start()
        wait_for(lambda: rollout(fleet)["state"] != "running", fleet, "the rollout has ended", timeout_s=90)
        assert rollout(fleet)["state"] == "done", rollout(fleet)
        assert versions(known_nodes(fleet)) == [NEW, NEW]
        assert rollout(fleet)["members"][0]["attempts"] == 1


def progress(fleet) -> int:  # type: ignore[no-untyped-def]
    pct: int = rollout(fleet)["members"][0]["ota"].get("pct", 0)
    return pct


def restart(fleet, node) -> None:  # type: ignore[no-untyped-def]
    """With the environment as it is now."""
    node.kill()
    number = fleet.nodes.index(node)
    wait_for(lambda: node_at(fleet, number)["state"] == "LOST", fleet, "the node is gone")
    node.power_on()
    wait_for(lambda: node_at(fleet, number)["state"] == "READY", fleet, "the node is back")


def wait_for_the_end(node) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 20
    while node.running:
        assert time.monotonic() < end, "the power was not cut"
        time.sleep(0.02)
    node.kill()
