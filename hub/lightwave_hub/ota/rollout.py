"""One rollout as a state machine: one node at a time, in order, each until it runs the new version and is READY.

No clock, no I/O: `step` is told the time and the nodes, and says whom to order. What it decides it also puts into
`events`, for the log. It can be written down as a dict at any moment and goes on from there, in another process too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from lightwave import constants, messages
from lightwave_hub.node import Node, State
from lightwave_hub.ota.plan import ROLLBACK, Member, Options

MAX_ORDERS = 3  # of one node that comes back as it was without a word: power fails in the middle of downloads
REJOIN_S = 30.0  # a hub that was restarted knows no node at first: so long it holds nothing against any
RUNNING, PAUSED, DONE, FAILED, ABORTED = "running", "paused", "done", "failed", "aborted"
OPEN = (RUNNING, PAUSED)
# What a node says that is not in the middle of an update, or on trial after one.
RESTING = ("", messages.OTA_IDLE, messages.OTA_DONE, messages.OTA_FAILED)


class Event(NamedTuple):
    """A line for the log."""

    what: str
    detail: str = ""
    mac: str = ""


@dataclass(slots=True)
class Rollout:
    """`why` says what it waits for, or why it ended."""

    kind: str
    version: str
    options: Options
    members: list[Member]
    state: str = RUNNING
    why: str = ""
    stage: str = ""
    soak_until_s: float = 0.0  # 0: the stage is not soaking
    number: int | None = None
    events: list[Event] = field(default_factory=list)
    resumed: bool = False  # by a hub that was restarted
    rejoin_until_s: float = 0.0

    def document(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        document = asdict(self)
        for name in ("events", "number", "resumed", "rejoin_until_s"):
            del document[name]
        return document

    @classmethod
    def from_document(cls, number: int, document: dict[str, Any]) -> "Rollout":
        lists = ("dev", "staging")
        options: dict[str, Any] = {
            key: tuple(value) if key in lists else value for key, value in document["options"].items()
        }
        members = [Member(**member) for member in document["members"]]
        return cls(**{**document, "options": Options(**options), "members": members, "number": number, "resumed": True})

    @property
    def current(self) -> Member | None:
        return next((member for member in self.members if member.state == "ordered"), None)

    # ---- orders

    def pause(self) -> None:
        """The node that is being updated goes on; no other begins."""
        self._go(PAUSED, "by order")

    def resume(self) -> None:
        self._go(RUNNING, "")

    def abort(self) -> None:
        self._go(ABORTED, "by order")

    # ---- time

    def step(self, now_s: float, nodes: Mapping[str, Node], playing: bool) -> Member | None:
        """Take note of what happened; whom to send the order now, or None. `nodes` by MAC; `playing`: a show runs."""
        if self.state not in OPEN:
            return None
        if self.resumed:
            self.resumed, self.rejoin_until_s = False, now_s + REJOIN_S
        member = self.current
        if member is not None:
            return self._judge(member, nodes.get(member.mac), now_s)
        if self.state == PAUSED:
            return None
        waiting = next((member for member in self.members if member.state == "waiting"), None)
        if self.stage and (waiting is None or waiting.stage != self.stage) and not self._soaked(now_s, nodes):
            return None
        if waiting is None:
            self._go(DONE, "")
            return None
        if waiting.stage != self.stage:
            self.stage = waiting.stage
            self._note("stage", self.stage)
        self.why = self._hold(now_s, playing)
        return None if self.why else self._begin(waiting, nodes.get(waiting.mac), now_s)

    def _hold(self, now_s: float, playing: bool) -> str:
        if self.kind == ROLLBACK:
            return ""
        if not self.options.in_window(now_s):
            return f"outside the window {self.options.window}"
        return "a show is playing" if playing and not self.options.during_show else ""

    def _begin(self, member: Member, node: Node | None, now_s: float) -> Member | None:
        member.turn_s = member.turn_s or now_s
        if node is not None and node.state is State.READY and node.ota.get("state", "") in RESTING:
            if node.fw == self.version:
                self._end(member, "skipped", f"runs {self.version} already", now_s)
                return None
            member.state, member.ordered_s = "ordered", now_s
            member.fps_before = list(node.health.render_fps)
            return member
        self.why = f"{member.mac} is not READY for an update"
        if self._timed_out(member.turn_s, now_s):
            self._fail(member, f"was not READY for {constants.OTA_NODE_TIMEOUT_S} s", now_s)
        return None

    def _judge(self, member: Member, node: Node | None, now_s: float) -> Member | None:
        if self._timed_out(member.ordered_s, now_s):
            self._fail(member, f"did not end within {constants.OTA_NODE_TIMEOUT_S} s", now_s)
            return None
        if node is None or node.state is State.LOST:
            self.why = f"{member.mac} is restarting"
            return None
        about_this = node.ota.get("version", self.version) == self.version
        said = node.ota.get("state", "") if about_this else ""
        self.why = f"{member.mac} {said or 'was ordered'}"
        if said == messages.OTA_FAILED:
            self._fail(member, node.ota.get("detail") or "it does not say why", now_s)
        elif node.fw == self.version:
            if said == messages.OTA_DONE and node.state is State.READY:
                member.late_at_done = node.health.stats.get("frames_late", 0.0)
                self._end(member, "done", f"runs {self.version}", now_s)
        elif not said and node.state is State.READY and member.session != node.token_hash:
            if member.attempts < MAX_ORDERS:
                return member
            self._fail(member, f"came back with {node.fw} after {MAX_ORDERS} orders", now_s)
        return None

    def _timed_out(self, since_s: float, now_s: float) -> bool:
        return now_s > max(since_s + constants.OTA_NODE_TIMEOUT_S, self.rejoin_until_s)

    def ordered(self, member: Member, node: Node) -> None:
        """The order is on its way to this session of the node."""
        member.attempts += 1
        member.session = node.token_hash
        node.ota = {}  # what it said before was about something else
        self._note("ordered", f"{node.fw} -> {self.version}, order {member.attempts}", member.mac)

    def take_back(self, member: Member, why: str) -> None:
        """The order was not sent after all. Nothing begins before somebody resumes."""
        self.events.clear()
        member.state, member.attempts = "waiting", member.attempts - 1
        self._go(PAUSED, why)

    # ---- soaking and gates

    def _soaked(self, now_s: float, nodes: Mapping[str, Node]) -> bool:
        """Is the stage over? A gate that a node does not pass fails the rollout."""
        updated = [member for member in self.members if member.state == "done"]
        soak_s = self.options.soak_s if self.kind != ROLLBACK else 0.0
        if not soak_s or all(member.stage != self.stage for member in updated):
            return True
        if not self.soak_until_s:
            self.soak_until_s = now_s + soak_s
            self._note("soak", f"{self.stage}: {soak_s:g} s")
        over = now_s >= max(self.soak_until_s, self.rejoin_until_s)
        for member in updated:
            fault = self._fault(member, nodes.get(member.mac), now_s, over)
            if fault:
                self._fail(member, f"gate: {fault}", now_s)
                self.soak_until_s = 0.0
                return self.options.go_on
        self.why = f"stage {self.stage} soaks for {max(0.0, self.soak_until_s - now_s):.0f} s"
        if over:
            self.soak_until_s = 0.0
        return over

    def _fault(self, member: Member, node: Node | None, now_s: float, over: bool) -> str:
        """Which gate the node does not pass, or "". Frames and loss count at the end of the soak."""
        options = self.options
        if node is None or node.state is State.LOST:
            return "the node has gone" if over else ""
        if node.fw != self.version:
            return f"it runs {node.fw} again"
        passed_s = now_s - member.done_s
        if node.state is not State.AUTHED and node.health.uptime_s < passed_s - 5:
            return "it was reset"
        if not over:
            return ""
        if node.health.loss_pct > options.max_loss_pct:
            return f"loss {node.health.loss_pct:g} % is above {options.max_loss_pct:g} %"
        fps, before = min(node.health.render_fps, default=0.0), min(member.fps_before, default=0.0)
        if fps < before * options.min_fps_pct / 100:
            return f"{fps:g} frames a second are below {options.min_fps_pct:g} % of the {before:g} before"
        late = node.health.stats.get("frames_late", 0.0) - member.late_at_done
        if late > passed_s * max(fps, 1.0) * options.max_late_pct / 100:
            return f"{late:g} late frames in {passed_s:.0f} s are above {options.max_late_pct:g} %"
        return ""

    # ---- taking note

    def _fail(self, member: Member, why: str, now_s: float) -> None:
        self._end(member, "failed", why, now_s)
        if not self.options.go_on:
            self._go(FAILED, f"{member.mac}: {why}")

    def _end(self, member: Member, state: str, detail: str, now_s: float) -> None:
        member.state, member.detail, member.done_s = state, detail, now_s
        self._note(state, detail, member.mac)

    def _go(self, state: str, why: str) -> None:
        self.state, self.why = state, why
        self._note(f"rollout {state}", why)

    def _note(self, what: str, detail: str = "", mac: str = "") -> None:
        self.events.append(Event(what, detail, mac))
