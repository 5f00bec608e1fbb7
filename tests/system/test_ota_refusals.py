"""Updates that nodes refuse: the hub is told why, and the node plays on as before."""

import json
from pathlib import Path
from typing import Any

from lightwave import app_archive
from lightwave_sim import SimNode
from lightwave_sim.fleet import Fleet
from tests.system.conftest import FleetMaker, node_at, wait_for
from tests.system.ota_support import NEW, OLD, firmware, k1_ota, options, rollout


def add(fleet: Fleet, path: Path, data: bytes, version: str = "") -> None:
    path.write_bytes(data)
    assert k1_ota(fleet, "add", str(path), *(("--version", version) if version else ())) == 0


def assert_refused(fleet: Fleet, version: str, why: str) -> None:
    assert k1_ota(fleet, "push", version, "--soak", "0") == 1
    assert why in rollout(fleet)["why"], rollout(fleet)["why"]
    # A node that has just come back may stay DEGRADED for the ten seconds that its loss looks back.
    wait_for(
        lambda: node_at(fleet, 0)["state"] == "READY" and node_at(fleet, 0)["says"] == "ready", fleet, "it plays on", 30
    )


def restart_with(fleet: Fleet, node: SimNode, files: dict[str, Any]) -> None:
    node.kill()
    wait_for(lambda: node_at(fleet, 0)["state"] == "LOST", fleet, "the node is gone")
    node.write_files(files)
    node.power_on()
    wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "the node is back")


def test_damaged_older_and_foreign_images_are_refused(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=1, **options(tmp_path)) as fleet:
        node, path, image = fleet.nodes[0], tmp_path / "image.bin", firmware()
        add(fleet, path, firmware("0.9"))
        add(fleet, path, image)
        kept = tmp_path / "hub" / "ota" / "images" / fleet.hub.get(f"/api/ota/images/K1_S3/{NEW}")["sha256"]
        kept.write_bytes(image[:-1] + bytes([image[-1] ^ 1]))
        assert_refused(fleet, NEW, "sha256: what was downloaded is something else")
        assert node_at(fleet, 0)["fw"] == OLD

        add(fleet, path, image)  # puts it right
        assert k1_ota(fleet, "push", NEW, "--soak", "0") == 0
        assert_refused(fleet, "0.9", "counter: ")
        assert node_at(fleet, 0)["fw"] == NEW

        config = node.options.node_config() | {"update_key": "ab" * 32}
        restart_with(fleet, node, {"/config.json": json.dumps(config)})
        before = len(node.console)
        assert k1_ota(fleet, "rollback", "0.9") == 1  # which signs it anew, so its age is right
        assert "signature: is not that of the update key" in rollout(fleet)["why"]
        assert " bytes in " not in node.console[before:]


def test_a_full_flash_is_no_reason_to_begin(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=1, board="GENERIC_S3", **options(tmp_path)) as fleet:
        restart_with(fleet, fleet.nodes[0], {"/fill": bytes(range(256)) * 4 * 1200})
        archive = app_archive.pack([("lightwave_hw/start.mpy", bytes(400_000))])
        add(fleet, tmp_path / "app.k1a", archive, NEW)
        assert_refused(fleet, NEW, "does not fit")
        assert node_at(fleet, 0)["fw"] == OLD
