"""A rollout's rules, with a clock and nodes of the test's."""

from dataclasses import replace

import pytest

from lightwave.fields import FieldError
from lightwave_hub.node import Health, Node, State
from lightwave_hub.ota import plan
from lightwave_hub.ota.plan import PUSH, ROLLBACK, Member, Options, members
from lightwave_hub.ota.rollout import Rollout
from tests.hub.support import mac

OLD, NEW = "1.0.0", "2.0.0"


class Stage:
    """Nodes that are READY with the old version, and a rollout to the new one."""

    def __init__(self, nodes: int = 3, kind: str = PUSH, **options: object) -> None:
        self.nodes = {mac(number): self.ready(number, OLD) for number in range(1, nodes + 1)}
        self.now_s = 1_000_000.0
        self.playing = False
        chosen = Options(**{"soak_s": 0.0, **options})  # type: ignore[arg-type]
        self.rollout = Rollout(kind, NEW, chosen, members(self.nodes, chosen, kind), number=1)
        self.sent: list[str] = []

    def ready(self, number: int, fw: str, session: int = 1, **ota: object) -> Node:
        node = Node(number, mac(number), fw=fw, state=State.READY, token_hash=1000 * session + number, ota=ota)
        node.health = Health(uptime_s=10_000, render_fps=(120.0, 120.0), stats={"frames_late": 5})
        return node

    def put(self, number: int, fw: str, session: int = 1, **ota: object) -> Node:
        self.nodes[mac(number)] = self.ready(number, fw, session, **ota)
        return self.nodes[mac(number)]

    def step(self, seconds: float = 1.0) -> None:
        self.now_s += seconds
        member = self.rollout.step(self.now_s, self.nodes, self.playing)
        if member is not None:
            self.rollout.ordered(member, self.nodes[member.mac])
            self.sent.append(member.mac)

    def finish(self, number: int) -> None:
        """The node comes back with the new version and says it is healthy."""
        self.put(number, NEW, session=2, state="done")
        self.step()

    def update(self, number: int) -> None:
        """Its order, and its success."""
        self.step()
        assert self.sent[-1:] == [mac(number)], (self.sent, self.rollout.why)
        self.finish(number)


def test_one_node_at_a_time_in_the_order_of_macs() -> None:
    stage = Stage(3)
    for number in (1, 2, 3):
        stage.step()
        stage.step()
        assert stage.sent == [mac(each) for each in range(1, number + 1)]
        stage.finish(number)
    stage.step()
    assert stage.rollout.state == "done"
    assert [member.state for member in stage.rollout.members] == ["done"] * 3


def test_the_new_version_must_be_ready_and_proved() -> None:
    stage = Stage(2)
    stage.step()
    node = stage.put(1, NEW, session=2, state="verifying")
    stage.step()
    assert stage.rollout.current is not None
    node.ota = {"state": "done"}
    node.state = State.DEGRADED
    stage.step()
    assert stage.rollout.current is not None
    node.state = State.READY
    stage.step()
    assert stage.rollout.current is None


def test_it_stops_at_the_first_failure() -> None:
    stage = Stage(3)
    stage.step()
    stage.put(1, OLD, session=2, state="failed", detail="2.0.0 was not healthy in time: went back")
    stage.step()
    stage.step()
    assert stage.rollout.state == "failed"
    assert stage.rollout.why == f"{mac(1)}: 2.0.0 was not healthy in time: went back"
    assert stage.sent == [mac(1)]


def test_told_so_it_goes_on_past_failures() -> None:
    stage = Stage(2, go_on=True)
    stage.step()
    stage.put(1, OLD, session=2, state="failed", detail="no")
    stage.step()
    stage.update(2)
    stage.step()
    assert stage.rollout.state == "done"
    assert [member.state for member in stage.rollout.members] == ["failed", "done"]


@pytest.mark.parametrize("silent", [True, False])
def test_a_node_has_180_seconds(silent: bool) -> None:
    stage = Stage(1)
    stage.step()
    if silent:
        stage.nodes.clear()
    stage.step(180)
    assert stage.rollout.state == "running"
    stage.step(1)
    assert stage.rollout.state == "failed" and "180 s" in stage.rollout.why


def test_what_it_said_of_an_older_update_does_not_count() -> None:
    stage = Stage(1)
    stage.nodes[mac(1)].ota = {"state": "failed", "detail": "long ago"}
    stage.step()
    stage.step()
    assert stage.rollout.state == "running"


def test_a_node_whose_power_failed_is_ordered_again_three_times_in_all() -> None:
    stage = Stage(1)
    stage.step()
    for session in (2, 3):
        stage.put(1, OLD, session)
        stage.step()
        stage.step()
        assert stage.sent == [mac(1)] * session
    stage.put(1, OLD, 4)
    stage.step()
    assert stage.rollout.state == "failed" and "after 3 orders" in stage.rollout.why


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_a_restarted_node_says_of_an_older_update_does_not_count_either(state: str) -> None:
    stage = Stage(1)
    stage.step()
    stage.put(1, OLD, session=2, state=state, version=OLD, detail="of another day")
    stage.step()
    assert stage.sent == [mac(1)] * 2
    stage.put(1, OLD, session=3, state="failed", version=NEW, detail="of this one")
    stage.step()
    assert stage.rollout.why.endswith("of this one")


def test_a_node_that_has_the_version_is_skipped() -> None:
    stage = Stage(2)
    stage.put(1, NEW)
    stage.step()
    stage.step()
    assert stage.rollout.members[0].state == "skipped" and stage.sent == [mac(2)]


def test_a_node_that_is_not_ready_is_waited_for_180_seconds() -> None:
    stage = Stage(1)
    stage.nodes[mac(1)].state = State.DEGRADED
    stage.step()
    assert stage.sent == [] and stage.rollout.why == f"{mac(1)} is not READY for an update"
    stage.step(181)
    assert stage.rollout.state == "failed"


def test_a_node_on_trial_is_not_ordered() -> None:
    stage = Stage(1)
    stage.put(1, "1.5.0", state="verifying")
    stage.step()
    assert stage.sent == []
    stage.put(1, "1.5.0", state="done")
    stage.step()
    assert stage.sent == [mac(1)]


def test_stages_and_their_order() -> None:
    macs = [mac(number) for number in range(1, 15)]
    chosen = members(macs, Options(dev=(mac(9),), staging=(mac(3), mac(12), mac(99))), PUSH)
    assert [(each.stage, each.mac) for each in chosen[:5]] == [
        ("dev", mac(9)),
        ("staging", mac(3)),
        ("staging", mac(12)),
        ("pilot", mac(1)),  # a tenth of the eleven left, rounded up
        ("pilot", mac(2)),
    ]
    assert [each.stage for each in chosen[5:]] == ["all"] * 9
    assert {each.mac for each in chosen} == set(macs)
    assert [each.stage for each in members(macs, Options(dev=(mac(9),)), ROLLBACK)] == ["all"] * 14


def test_a_stage_soaks_before_the_next() -> None:
    stage = Stage(2, soak_s=60.0)
    stage.update(1)
    stage.step()
    stage.step(58)
    assert stage.sent == [mac(1)] and stage.rollout.why.startswith("stage pilot soaks")
    stage.step(2)
    stage.step()
    assert stage.sent == [mac(1), mac(2)]


def test_the_last_stage_soaks_too_and_then_all_are_judged() -> None:
    stage = Stage(2, soak_s=60.0)
    stage.update(1)
    stage.step()
    stage.step(61)
    stage.update(2)
    stage.step()
    stage.step(58)
    assert stage.rollout.state == "running" and stage.rollout.why.startswith("stage all soaks")
    stage.nodes[mac(1)].health.loss_pct = 3.0  # of an earlier stage
    stage.step(3)
    assert stage.rollout.state == "failed" and stage.rollout.why.startswith(f"{mac(1)}: gate: loss")


def test_a_rollback_does_not_soak() -> None:
    stage = Stage(1, ROLLBACK, soak_s=60.0)
    stage.update(1)
    stage.step()
    assert stage.rollout.state == "done"


@pytest.mark.parametrize(
    ("gate", "health"),
    [
        ("loss 3 %", {"loss_pct": 3.0}),
        ("113 frames", {"render_fps": (120.0, 113.0)}),
        ("late frames", {"stats": {"frames_late": 5 + 80}}),
        ("it was reset", {"uptime_s": 20}),
        ("the node has gone", None),
        ("runs 1.0.0 again", {}),
    ],
)
def test_a_gate_that_is_not_passed_fails_the_rollout(gate: str, health: dict[str, object] | None) -> None:
    stage = Stage(2, soak_s=60.0)
    stage.update(1)
    stage.step()
    node = stage.nodes[mac(1)]
    if health is None:
        node.state = State.LOST
    else:
        node.health = replace(node.health, **health)  # type: ignore[arg-type]
        node.fw = NEW if health else OLD
    stage.step(61)
    assert stage.rollout.state == "failed" and gate in stage.rollout.why
    assert stage.sent == [mac(1)]


def test_paused_it_ends_the_node_it_began_and_begins_no_other() -> None:
    stage = Stage(2)
    stage.step()
    stage.rollout.pause()
    stage.finish(1)
    stage.step()
    assert stage.rollout.members[0].state == "done" and stage.sent == [mac(1)]
    stage.rollout.resume()
    stage.step()
    assert stage.sent == [mac(1), mac(2)]


def test_aborted_it_does_nothing_more() -> None:
    stage = Stage(2)
    stage.step()
    stage.rollout.abort()
    stage.finish(1)
    stage.step()
    assert stage.rollout.state == "aborted" and stage.sent == [mac(1)]


def test_it_waits_while_a_show_plays_unless_told_otherwise() -> None:
    for during_show, kind, sent in ((False, PUSH, 0), (True, PUSH, 1), (False, ROLLBACK, 1)):
        stage = Stage(1, kind, during_show=during_show)
        stage.playing = True
        stage.step()
        assert len(stage.sent) == sent
        stage.playing = False
        stage.step()
        assert len(stage.sent) == 1


def test_a_maintenance_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    night, day = Options(window="22:30-06:00"), Options(window="09:00-17:00")
    at = {hour: hour * 3600.0 for hour in (5, 6, 12, 22, 23)}
    assert [night.in_window(at[hour]) for hour in at] == [True, False, False, False, True]
    assert [day.in_window(at[hour]) for hour in at] == [False, False, True, False, False]
    stage = Stage(1, window="09:00-17:00")
    stage.now_s = 8 * 3600.0
    stage.step()
    assert stage.sent == [] and "window" in stage.rollout.why
    stage.step(3600)
    assert stage.sent == [mac(1)]


def test_it_goes_on_from_what_was_written_down() -> None:
    stage = Stage(2, soak_s=60.0, dev=(mac(2),))
    stage.step()
    stage.rollout = Rollout.from_document(1, stage.rollout.document())
    stage.put(2, OLD, session=2).state = State.DEGRADED  # to the new hub it is another session, and it still downloads
    stage.nodes[mac(2)].health.state = "updating"
    stage.step()
    assert stage.sent == [mac(2)]
    stage.finish(2)
    stage.step()
    stage.rollout = Rollout.from_document(1, stage.rollout.document())
    stage.step(1)
    stage.step(58)
    assert stage.sent == [mac(2)]
    stage.step(2)
    stage.step()
    assert stage.sent == [mac(2), mac(1)]


@pytest.mark.parametrize("soaking", [True, False])
def test_a_hub_that_was_away_for_long_waits_for_its_nodes(soaking: bool) -> None:
    stage = Stage(2, soak_s=60.0)
    if soaking:
        stage.update(1)
    stage.step()
    stage.rollout = Rollout.from_document(1, stage.rollout.document())
    nodes, stage.nodes = stage.nodes, {}
    stage.step(3600)
    stage.step(20)
    assert stage.rollout.state == "running"
    stage.nodes = nodes
    if not soaking:
        stage.finish(1)
    stage.step(70)
    stage.step()
    stage.step(61)
    assert stage.rollout.state == "running" and stage.sent == [mac(1), mac(2)]
    stage.nodes = {}
    stage.step(190)
    assert stage.rollout.state == "failed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", ""),
        ("soak_s", -1),
        ("window", "9-17"),
        ("window", "24:00-06:00"),
        ("dev", ["aa:bb"]),
        ("go_on", 1),
        ("min_fps_pct", 101),
        ("surprise", 1),
    ],
)
def test_a_bad_option_is_named(field: str, value: object) -> None:
    with pytest.raises(FieldError) as caught:
        plan.RULES.check({"version": NEW, field: value}, "")
    assert caught.value.field.startswith(field)


def test_members_remember_nothing_of_each_other() -> None:
    one, other = Member(mac(1), "all"), Member(mac(2), "all")
    one.fps_before.append(1.0)
    assert other.fps_before == []
