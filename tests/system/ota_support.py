"""A fleet with a key, and releases for it."""

import os
import subprocess
from pathlib import Path
from typing import Any

import _flash_image
import build
from lightwave_hub.cli import main as k1
from lightwave_hub.ota.signing import load_or_create
from lightwave_sim import build_image
from lightwave_sim.fleet import Fleet

OLD, NEW = "0.1.0", "9.8.7"
TRIAL_S = 2


def options(folder: Path, **changes: Any) -> dict[str, Any]:
    """For FleetOptions in that directory: nodes that trust its hub."""
    config = {"update_key": load_or_create(folder / "hub" / "ota" / "signing.key").public, "trial_s": TRIAL_S}
    return {"config": config | changes.pop("config", {}), **changes}


def firmware(version: str = NEW, code: str = "", size: int = 200_000) -> bytes:
    """An image whose code makes the node's modules say another version, as another image's frozen ones would."""
    code = f"import lightwave_node\nlightwave_node.VERSION = {version!r}\n{code}"
    return build_image(version, code, payload=os.urandom(size))


def compile_app(folder: Path, version: str = NEW, broken: bool = False) -> Path:
    """The application as .mpy files, of that version; a broken one raises when it is started."""
    source = folder / "source.py"
    for path, target in _flash_image.application():
        if path in _flash_image.SCRIPTS:
            continue
        out = (folder / "app" / target.removeprefix("/lib/")).with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text()
        if target == "/lib/lightwave_node/__init__.py":
            text = text.replace(OLD, version)
        elif target == "/lib/lightwave_hw/start.py" and broken:
            text = 'raise RuntimeError("a bad application")\n'
        source.write_text(text)
        sim = build.ensure_sim()
        march = _flash_image.ARCHITECTURE[sim.bits]
        subprocess.run([sim.mpy_cross, f"-march={march}", "-O1", "-o", out, source], check=True)
    return folder / "app"


def k1_ota(fleet: Fleet, *words: str) -> int:
    """`k1 ota WORDS` against the fleet's hub; the exit code."""
    order, *others = words
    url = [] if order == "pack" else ["--url", fleet.hub.link]
    return k1.main(["ota", order, *url, *others])


def rollout(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = fleet.hub.get("/api/ota")["rollout"]
    return found


def member_states(fleet: Fleet) -> list[str]:
    return [member["state"] for member in rollout(fleet)["members"]]
