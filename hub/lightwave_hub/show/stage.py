"""From the objects of a show to the conductor: whom a scene is for, which ids its names have there, who stays dark."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub import catalog
from lightwave_hub.conductor import CHANNELS, NOW, Conductor, Nodes, When
from lightwave_hub.errors import HubError, NotPlannedError
from lightwave_hub.log import event, show_log
from lightwave_hub.node import Node
from lightwave_hub.registry import NodeTable
from lightwave_hub.show.document import Document, Edit
from lightwave_hub.show.models import Look, Scene, ShowNode, Target
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tick_stats import PERIOD_US


class _Command(NamedTuple):
    channels: int
    effect: int
    palette: int | None
    params: Mapping[str, int]


class Stage:
    """`document` gives the show as it is now."""

    def __init__(
        self, conductor: Conductor, table: NodeTable, clock: ShowClock, document: Callable[[], Document]
    ) -> None:
        self._conductor = conductor
        self._table = table
        self._clock = clock
        self._document = document

    def play(self, scene: Scene, when: When = NOW, fade_ms: int | None = None) -> list[int]:
        """Begin a scene, on all its channels in the same tick; the edge ids. Raises RequestError, ShowBusyError,
        TooManyPartsError."""
        nodes = self.nodes_of(scene.target)
        commands = self._commands(scene, nodes)
        fade_ms = scene.fade_ms if fade_ms is None else fade_ms
        if len(commands) > 1 and when == NOW:
            when = When(at_us=self._clock.now_us() + APPLY_AHEAD_US + 2 * PERIOD_US)
        edges: list[int] = []
        try:
            for channels, effect, palette, params in commands:
                edges += self._conductor.scene(channels, effect, palette, params, fade_ms, when, nodes)
        except HubError:
            self.cancel(edges)
            raise
        return edges

    def cancel(self, edges: list[int]) -> None:
        """Take back what has not begun to go out."""
        for number in edges:
            with contextlib.suppress(NotPlannedError):
                self._conductor.cancel(number)

    def nodes_of(self, target: Target | None) -> Nodes:
        if target is None:
            return None
        if target.node is not None:
            return frozenset((target.node,))
        group = self._document().find("group", target.group or "")
        return frozenset(group.nodes if group is not None else ())

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Effects and palettes that connected nodes have."""
        nodes = self._table.nodes()
        effects = frozenset(name for node in nodes for name in node.effects)
        return effects, frozenset(name for node in nodes for name in node.palettes)

    def follow(self, edit: Edit) -> None:
        """Nodes that an edit disabled go dark; those that it enabled are seen again."""
        if any(change.kind == "node" for change in edit.changes):
            self.darken()

    def darken(self) -> None:
        """Keep dark who is disabled in the show, and nobody else."""
        nodes: list[ShowNode] = self._document().items("node")
        try:
            self._conductor.set_dark(frozenset(node.mac for node in nodes if not node.enabled))
        except HubError as error:  # the show is busy; the next edit of a node tries again
            event(show_log, logging.WARNING, "disabled nodes not darkened", why=error)

    def _commands(self, scene: Scene, nodes: Nodes) -> list[_Command]:
        connected = self.connected(nodes)
        looks = scene.channels.looks()
        if looks.get("a") == looks.get("b"):
            looks = {"ab": looks["a"]}
        return [_command(CHANNELS[name], look, connected) for name, look in looks.items()]

    def connected(self, nodes: Nodes) -> list[Node]:
        """Those of `nodes` whose catalogue is known; all, if that is nobody."""
        known = self._table.nodes()
        return [node for node in known if nodes is None or node.mac in nodes] or known


def missing(scene: Scene, effects: frozenset[str], palettes: frozenset[str]) -> list[str]:
    """What the scene names that is none of these; nothing while no node has told what it has."""
    looks = [look for look in (scene.channels.a, scene.channels.b) if look is not None]
    absent = [look.effect for look in looks if effects and look.effect not in effects]
    absent += [look.palette for look in looks if look.palette and palettes and look.palette not in palettes]
    return list(dict.fromkeys(absent))


def _command(channels: int, look: Look, nodes: list[Node]) -> _Command:
    palette = None if look.palette is None else catalog.palette_id(nodes, look.palette)
    return _Command(channels, catalog.effect_id(nodes, look.effect), palette, look.params())
