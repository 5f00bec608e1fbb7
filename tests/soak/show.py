"""What the fleet plays while it is watched: scenes at once and on the beat, a cue list, the master."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from lightwave_sim.hub_process import HubProcess

BPM = 120.0
_EFFECTS = ("spectrum", "plasma", "fire", "kaleidoscope", "strobe", "aurora", "ripple", "chase")
_PALETTES = ("hue", "rainbow", "lava", "ocean")


class Show:
    """Goes through the hub's REST interface as any client would; `step` is one command."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self._steps = self._commands()

    def set_up(self) -> None:
        """What the hub must keep over its restarts."""
        self._hub.post("/api/tempo", {"bpm": BPM})
        for number, effect in enumerate(_EFFECTS[:4]):
            look: dict[str, Any] = {"effect": effect, "palette": _PALETTES[number]}
            self._hub.post("/api/scenes", {"name": f"soak {effect}", "fade_ms": 400, "channels": {"a": look}})
        ids = [scene["id"] for scene in self._hub.get("/api/scenes")["items"]]
        cues = [{"scene": scene, "trigger": {"kind": "beat"}} for scene in ids]
        self._hub.post("/api/cues", {"name": "soak", "cues": cues})

    def step(self) -> None:
        path, body = next(self._steps)
        self._hub.post(path, body)

    @staticmethod
    def _commands() -> Iterator[tuple[str, dict[str, object]]]:
        for number in count():
            effect = _EFFECTS[number % len(_EFFECTS)]
            yield "/api/scene", {"channels": "b", "effect": effect, "fade_ms": 250}
            yield "/api/scene", {"channels": "a", "effect": "solid", "params": {"hue": number * 7 % 256}}
            yield "/api/cues/soak/go", {}
            yield "/api/scene", {"channels": "b", "effect": effect, "palette": _PALETTES[number % 4], "quantise": "bar"}
            yield "/api/global/brightness", {"value": 255 - number % 64}
            yield "/api/cues/soak/stop", {}
