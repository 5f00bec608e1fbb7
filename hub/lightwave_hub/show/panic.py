"""Panic: dark at once, and nothing begins by itself until it is released. The button for when something goes wrong."""

from lightwave import packets
from lightwave_hub.conductor import Conductor, When
from lightwave_hub.errors import NotPlannedError
from lightwave_hub.show.player import Player


class Panic:
    """Whether it is on stands in `player.panic`, which no cue and no entry of the schedule passes."""

    def __init__(self, conductor: Conductor, player: Player) -> None:
        self.was_lit = True  # before it was pressed: what releasing it goes back to
        self._conductor = conductor
        self._player = player

    @property
    def on(self) -> bool:
        return self._player.panic

    def press(self) -> None:
        """Raises ShowBusyError."""
        if not self.on:
            self.was_lit = self._conductor.wanted.lit
        self._conductor.master(lit=False)
        self._player.panic = True
        self._stay_dark()
        self._player.stop_all()

    def release(self) -> None:
        """Back to the light as it was; cue lists stay stopped. Raises ShowBusyError."""
        if self.on:
            self._conductor.master(lit=self.was_lit)
            self._player.panic = False
            self._player.stop_all()

    def _stay_dark(self) -> None:
        """Nothing that was planned before ends the blackout: it is cancelled, or undone in the moment it comes."""
        for change in self._conductor.planned():
            edge = change.edges[0]
            if edge.channels & packets.CHANNEL_MASTER and edge.mask & packets.MASK_FLAGS:
                try:
                    self._conductor.cancel(edge.number)
                except NotPlannedError:
                    self._conductor.master(lit=False, when=When(at_us=change.at_us))
