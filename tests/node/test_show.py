"""From datagrams to the bytes on the wire: edges at frame boundaries, state, fades, channels, fallback."""

import pytest
from node_support import GRADIENT, PULSE, SPECTRUM, Datagrams, Node, Sound, locked_timesync

from lightwave import packets, ticks
from lightwave_node import effects
from lightwave_node.fallback import HOLD, IDLE, LIVE
from lightwave_node.snapshot import SPECTRUM_AT

RED, GREEN, BLUE, DARK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
GREEN_HUE, BLUE_HUE = 85, 170
A, B, MASTER = packets.CHANNEL_A, packets.CHANNEL_B, packets.CHANNEL_MASTER
DELTA = packets.PARAM_DELTA
FIRE = effects.NAMES.index("fire")


def near(colour, wanted, tolerance=6):
    return colour is not None and all(abs(a - b) <= tolerance for a, b in zip(colour, wanted, strict=True))


@pytest.fixture
def hub():
    datagrams = Datagrams()
    datagrams.seq = 10
    return datagrams


@pytest.fixture
def node():
    node = Node()
    node.show_first_scene()
    return node


def locked_node(offset=400_000, now=0):
    node = Node(timesync=locked_timesync(offset, now), now=now)
    node.hear(Datagrams().state(ticks.diff(now, offset) % ticks.PERIOD))
    for _ in range(80):
        node.renderer.frame()
    assert node.grid.aligned
    return node


def test_a_scene_is_its_hue(node, hub):
    for edge, (hue, colour) in enumerate([(0, RED), (GREEN_HUE, GREEN), (BLUE_HUE, BLUE)], start=1):
        node.hear(hub.edge(0, edge, hue=hue))
        node.renderer.frame()
        assert near(node.colour(0), colour)
        assert near(node.colour(1), colour)


def test_channels_are_independent(node, hub):
    node.hear(hub.edge(0, 1, channels=B, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), RED)
    assert near(node.colour(1), GREEN)
    before = bytes(node.leds.loaded[0])
    node.hear(hub.edge(0, 2, channels=B, effect=GRADIENT, palette=1, brightness=90))
    node.renderer.frame()
    assert node.leds.loaded[0] == before
    assert node.colour(1) is None


def test_an_edge_belongs_to_the_first_frame_not_before_it(hub):
    node = locked_node()
    node.renderer.frame()
    next_frame = ticks.add(node.grid.hub30, 16_667)  # or a microsecond less
    node.hear(hub.edge(next_frame - 30_000 + 2, 1, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), RED)
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    node.hear(hub.edge(node.grid.hub30 + 16_666 - 30_000, 2, hue=BLUE_HUE))
    node.renderer.frame()
    assert near(node.colour(0), BLUE)
    assert node.renderer.late == 0


def test_a_late_edge_is_applied_at_once_and_counted(hub):
    node = locked_node()
    node.hear(hub.edge(node.grid.hub30 - 100_000, 1, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    assert node.renderer.late == 1


def frames_of_two(effect, fade_ms, late_frames):
    """15 frames of a node that heard of an edge in time and of one that heard later; canvas and wire of each frame."""
    on_time, late = locked_node(), locked_node()
    change = Datagrams()
    change.seq = 10
    apply_at = ticks.add(on_time.grid.hub30, 30_000)
    edge = change.edge(0, 1, effect=effect, hue=GREEN_HUE, fade_ms=fade_ms, apply_at=apply_at)
    on_time.hear(edge)
    shown = []
    for frame in range(15):
        if frame == late_frames:
            late.hear(edge)
        for node in (on_time, late):
            node.renderer.frame()
        shown.append([(node.strips[0]._canvas.state[0], bytes(node.leds.loaded[0])) for node in (on_time, late)])
    assert (on_time.renderer.late, late.renderer.late) == (0, 1)
    return shown


@pytest.mark.parametrize("fade_ms", [0, 500])
def test_a_late_edge_joins_where_the_other_nodes_are(fade_ms):
    for (_, on_time), (_, late) in frames_of_two(GRADIENT, fade_ms, late_frames=8)[8:]:
        assert late == on_time


def test_a_late_edge_begins_with_the_same_chance():
    shown = frames_of_two(FIRE, 0, late_frames=8)
    assert shown[8][1][0] == shown[1][0][0] != shown[0][0][0]


def test_a_cue_waits_in_the_queue_and_no_state_reveals_it(hub):
    node = locked_node()
    now = node.grid.hub30
    node.hear(hub.edge(now, 2, hue=GREEN_HUE, apply_at=now + 2_000_000))
    node.hear(hub.edge(now, 3, hue=BLUE_HUE))  # commanded later, meant earlier
    node.hear(hub.state(now + 10_000, edge=3, a={"hue": BLUE_HUE}, b={"hue": BLUE_HUE}))
    frames = 0
    while not near(node.colour(0), GREEN):
        node.hear(hub.heartbeat(node.grid.hub30))
        node.renderer.frame()
        frames += 1
        assert frames <= 3 or near(node.colour(0), BLUE) or near(node.colour(0), GREEN)
    assert 0 <= node.grid.hub30 - (now + 2_000_000) < 16_667
    assert (node.renderer.late, node.show.repaired) == (0, 0)


def test_unlocked_a_cue_applies_when_the_stream_has_come_to_it(node, hub):
    node.hear(hub.edge(0, 1, hue=GREEN_HUE, apply_at=1_000_000))
    for now, colour in ((960_000, RED), (970_000, GREEN)):
        node.hear(hub.heartbeat(now))
        node.renderer.frame()
        assert near(node.colour(0), colour)


def test_scheduling_is_off_while_unlocked_and_on_again_after_the_next_lock(hub):
    node = locked_node()
    node.timesync.unlock("a test")
    node.hear(hub.edge(node.grid.hub30 + 200_000, 1, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    node.timesync = node.renderer._timesync = node.grid._timesync = locked_timesync(400_000, node.clock.now())
    for _ in range(80):
        node.renderer.frame()
    due = node.grid.hub30 + 100_000
    node.hear(hub.edge(due - 30_000, 2, hue=BLUE_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    while not near(node.colour(0), BLUE):
        node.renderer.frame()
    assert 0 <= node.grid.hub30 - due < 16_667


def test_unlocked_an_edge_applies_on_arrival(node, hub):
    node.hear(hub.edge(500_000_000, 1, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    assert node.renderer.late == 0


def test_an_edge_is_applied_once(node, hub):
    for _ in range(3):
        node.hear(hub.edge(0, 1, hue=GREEN_HUE))
    node.renderer.frame()
    assert node.renderer.applied == 1
    assert node.stream.duplicate_edges == 2


def test_a_state_repairs_what_was_lost_and_changes_nothing_twice(node, hub):
    node.hear(hub.state(0, edge=5, a={"hue": GREEN_HUE}))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    changes = node.show.channels[0].changes
    node.hear(hub.state(10_000, edge=5, a={"hue": GREEN_HUE}))
    node.renderer.frame()
    assert node.show.channels[0].changes == changes
    assert node.show.repaired == 1


def test_an_edge_older_than_the_state_says_nothing_more(node, hub):
    node.hear(hub.state(0, edge=65_534, a={"hue": GREEN_HUE}))
    node.renderer.frame()
    node.hear(hub.edge(0, 65_533, hue=BLUE_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)
    node.hear(hub.edge(10_000, 1, hue=BLUE_HUE))  # numbers wrap
    node.renderer.frame()
    assert near(node.colour(0), BLUE)


def test_a_new_session_forgets_old_edge_numbers(node, hub):
    node.hear(hub.state(0, edge=500))
    node.renderer.frame()
    node.stream.begin_session("another session's token")
    node.hear(Datagrams("another session's token").edge(0, 1, hue=BLUE_HUE))
    node.renderer.frame()
    assert near(node.colour(0), BLUE)


def test_a_delta_sets_only_what_it_masks(node, hub):
    node.hear(hub.edge(0, 1, kind=DELTA, mask=packets.MASK_BRIGHTNESS, brightness=128, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), (55, 0, 0), 1)


@pytest.mark.parametrize(
    ("master", "channel", "shown"),
    [(255, 255, 255), (128, 255, 55), (128, 128, 13), (0, 255, 0), (255, 22, 2), (255, 1, 0)],
)
def test_brightness_is_master_times_channel_as_the_eye_sees_it(node, hub, master, channel, shown):
    node.hear(hub.state(0, edge=1, master=master, a={"brightness": channel}))
    node.renderer.frame()
    assert abs(node.colour(0)[0] - shown) <= 1


def test_blackout_and_a_disabled_channel(node, hub):
    node.hear(hub.state(0, edge=1, flags=0))
    node.renderer.frame()
    assert node.colour(0) == DARK
    node.hear(hub.state(0, edge=2, a={"flags": 0}))
    node.renderer.frame()
    assert node.colour(0) == DARK
    assert near(node.colour(1), RED)


def test_the_master_fades_both_channels(node, hub):
    node.hear(
        hub.edge(
            0,
            1,
            channels=MASTER,
            kind=DELTA,
            mask=packets.MASK_BRIGHTNESS | packets.MASK_FLAGS,
            brightness=0,
            fade_ms=200,
        )
    )
    levels = []
    for _ in range(20):
        node.renderer.frame()
        levels.append(node.colour(0)[0])
    assert levels == sorted(levels, reverse=True)
    assert 50 < levels[4] < 250
    assert levels[-1] == 0
    assert node.show.master == 0 and node.show.lit


def test_a_cross_fade_goes_through_the_middle(node, hub):
    node.hear(hub.edge(0, 1, hue=GREEN_HUE, fade_ms=500))
    greens = []
    for _ in range(36):
        node.renderer.frame()
        red, green, _ = node.colour(0)
        assert abs(red + green - 255) <= 4
        greens.append(green)
    assert greens == sorted(greens)
    assert 90 < greens[15] < 170
    assert greens[-1] >= 254


def test_a_fade_within_a_fade_starts_from_what_is_seen(node, hub):
    node.hear(hub.edge(0, 1, hue=GREEN_HUE, fade_ms=500))
    for _ in range(15):
        node.renderer.frame()
    seen = node.colour(0)
    node.hear(hub.edge(0, 2, hue=BLUE_HUE, fade_ms=500))
    node.renderer.frame()
    assert near(node.colour(0), seen, 16)


def test_unknown_effects_and_palettes_show_the_first(node, hub):
    node.hear(hub.edge(0, 1, effect=999, palette=999, hue=GREEN_HUE))
    node.renderer.frame()
    assert near(node.colour(0), GREEN)


@pytest.mark.parametrize("effect", [GRADIENT, PULSE, SPECTRUM])
@pytest.mark.parametrize("length", [1, 2, 7, 160])
def test_effects_fill_strips_of_any_length(hub, effect, length):
    node = Node(lengths=(length, length))
    node.show_first_scene()
    node.hear(hub.edge(0, 1, effect=effect, palette=1, flags=packets.FLAG_ENABLED | packets.FLAG_MIRROR, blur=255))
    for _ in range(3):
        node.renderer.frame()
    wire = node.leds.loaded[0]
    assert len(wire) == 3 * length
    pixels = [bytes(wire[at : at + 3]) for at in range(0, len(wire), 3)]
    if effect == GRADIENT:
        assert max(wire) > 60
    if effect != SPECTRUM:
        assert near(pixels[0], pixels[-1], 1)  # mirrored


def test_the_pulse_follows_the_beat(node, hub):
    node.hear(hub.edge(0, 1, effect=PULSE, intensity=255))
    now = node.grid.hub30
    node.hear(hub.beat(now, bpm_x100=12_000, phase=0, beat=0))
    levels = []
    for _ in range(70):
        node.renderer.frame()
        levels.append(node.colour(0)[0])
    jumps = [i for i in range(1, 70) if levels[i] > levels[i - 1] + 60]
    assert len(jumps) == 2  # 70 frames are a little more than two beats at 120 a minute
    assert 28 <= jumps[1] - jumps[0] <= 31


def test_the_spectrum_shows_the_sound_and_silence_is_dark():
    sound = Sound()
    node = Node(audio=sound)
    node.hear(Datagrams().state(0, a={"effect": SPECTRUM, "palette": 1, "intensity": 255}))
    sound.put(SPECTRUM_AT, 65535)  # the lowest two notes are loud
    sound.put(SPECTRUM_AT + 2, 65535)
    brightness = []
    for frame in range(90):
        sound.hop(node.clock.now(), silent=frame >= 30)
        node.renderer.frame()
        wire = node.leds.loaded[0]
        brightness.append(max(wire[:3]))
        assert max(wire[-9:]) == 0
    assert brightness[29] > 240
    assert 100 < brightness[30] < brightness[29]  # it falls, and does not break off
    assert max(brightness[-20:]) == 0


def test_fallback_holds_then_idles_then_returns(node, hub):
    assert node.fallback.mode == LIVE
    scene = node.colour(0)
    silent_from = node.stream.last_arrival
    while node.fallback.mode == LIVE:
        node.renderer.frame()
    assert node.fallback.mode == HOLD
    assert ticks.diff(node.grid.deadline, silent_from) <= 500_000
    before = bytes(node.leds.loaded[0])
    while node.fallback.mode == HOLD:
        assert bytes(node.leds.loaded[0]) == before  # not a flicker
        node.renderer.frame()
    assert node.fallback.mode == IDLE
    assert 10_000_000 <= ticks.diff(node.grid.deadline, silent_from) < 10_100_000
    steps = []
    last = node.leds.loaded[0][1]
    for _ in range(150):
        node.renderer.frame()
        steps.append(abs(node.leds.loaded[0][1] - last))
        last = node.leds.loaded[0][1]
    assert max(steps) <= 6  # it fades
    assert max(node.leds.loaded[0]) <= 30  # and is dim
    node.hear(hub.heartbeat(0))
    for _ in range(20):
        node.renderer.frame()
    assert node.fallback.mode == LIVE
    assert near(node.colour(0), scene)


def test_silence_of_hours_does_not_look_like_a_new_packet(node):
    while node.fallback.mode != IDLE:
        node.renderer.frame()
    for _ in range(40):  # half an hour in steps of less than the clock's half lap
        node.clock.pass_us(45_000_000)
        node.renderer.frame()
        assert node.fallback.mode == IDLE


def test_before_the_first_state_a_node_idles(hub):
    node = Node()
    node.hear(hub.heartbeat(0))
    node.renderer.frame()
    assert node.fallback.mode == IDLE
    assert 0 < max(node.leds.loaded[0]) <= 30
