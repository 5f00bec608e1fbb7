"""Plays a show on a fleet: strip A steps through plain hues, which measure the spread; strip B plays the music."""

import threading
import time
from collections.abc import Iterator
from itertools import cycle

from lightwave_sim.fleet import Fleet
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.spread import HUES, SceneChange, on_one_grid

CHANGE_PERIOD_S = 0.35
MUSIC_EVERY = 8  # changes of strip A for one of strip B
READY_TIMEOUT_S = 15
NOTED_EARLIER_NS = 50_000_000
ASK_PERIOD_S = 0.1


def music_scenes() -> Iterator[dict[str, object]]:
    """What strip B plays in turn; each hears or beats."""
    return cycle(
        [
            {"channels": "b", "effect": "spectrum", "fade_ms": 500},
            {"channels": "b", "effect": "pulse", "fade_ms": 500, "params": {"hue": 200}},
            {"channels": "b", "effect": "gradient", "fade_ms": 500},
        ]
    )


class Performance:
    """Conducts through the hub's REST interface, as any client would, from a thread of its own.

    Changes of strip A are meant for at once, or for `ahead_s` (up to 2) later, as cues are.
    """

    def __init__(self, fleet: Fleet, ahead_s: float = 0.0) -> None:
        self.changes: list[SceneChange] = []
        self.began_ns = 0
        self.ended_ns = 0
        self._fleet = fleet
        self._ahead_s = ahead_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="performance")
        self._failure: Exception | None = None

    def wait_until_ready(self) -> None:
        """Returns when the hub has called every node READY and their frame grids have met, which takes a locked node
        up to a second. In bad weather a node is DEGRADED and plays. Raises what broke instead, or TimeoutError.
        """
        wanted = len(self._fleet.nodes)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            self._fleet.check()
            states = [node["state"] for node in self._fleet.hub.get("/api/nodes")["nodes"]]
            if states.count("READY") + states.count("DEGRADED") >= wanted and on_one_grid(self._fleet.strip_a()):
                return
            if time.monotonic() > deadline:
                consoles = "\n".join(node.console[-2000:] for node in self._fleet.nodes)
                raise TimeoutError(f"{wanted} nodes were not READY within {READY_TIMEOUT_S} s: {states}\n{consoles}")
            time.sleep(ASK_PERIOD_S)

    def start(self, bpm: float) -> None:
        self._fleet.hub.post("/api/tempo", {"bpm": bpm})
        self.began_ns = time.monotonic_ns()
        self._thread.start()

    def stop(self) -> None:
        """End the show and leave it where it is; raises what ended it early."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _change(self, hue: int) -> None:
        params = {"hue": hue, "saturation": 255, "brightness": 255}
        scene = {"channels": "a", "effect": "solid", "palette": 0, "params": params, "fade_ms": 0}
        if self._ahead_s:
            ahead_us = round(self._ahead_s * 1_000_000)
            scene["at_us"] = self._fleet.hub.get("/api/clock")["hubNow_us"] + ahead_us
            # The answer is a little older than now, so the change shows a little before what is noted here, at most.
            self.changes.append(SceneChange(time.monotonic_ns() + ahead_us * 1000 - NOTED_EARLIER_NS, hue))
        else:
            self.changes.append(SceneChange(time.monotonic_ns(), hue))
        self._fleet.hub.post("/api/scene", scene)

    def _run(self) -> None:
        music = music_scenes()
        due = time.monotonic()
        try:
            for number, hue in enumerate(cycle(HUES)):
                if number % MUSIC_EVERY == 0:
                    self._fleet.hub.post("/api/scene", next(music))
                self._change(hue)
                due += CHANGE_PERIOD_S
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    return
        except (HubFailed, OSError) as error:
            self._failure = error
        finally:
            self.ended_ns = time.monotonic_ns()
