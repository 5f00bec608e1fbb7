"""Whose beat the effects follow, and what they hear. Runs on both interpreters."""

from node_support import Sound

from lightwave import ticks
from lightwave.beat import BEAT, BeatClock, phase_at
from lightwave_node import kernels, snapshot
from lightwave_node.hearing import HUB, NOBODY, OWN, Hearing

FRAME_US = 8333
AHEAD_US = 14000  # from drawing a frame to its light
ROUND = 16 * BEAT
CERTAIN = 65535


class Room:
    """A node's hearing, with a hub and music whose beats are each exact. Positions are in beats."""

    def __init__(self, hub_bpm=0, hub_ahead=0.0, own_bpm=0, own_ahead=0.0, confidence=CERTAIN):
        self.sound = Sound()
        self.hearing = Hearing(self.sound, BeatClock(), kernels)
        self.now = 1000000
        self.hub = [hub_bpm, hub_ahead]
        self.own = [own_bpm, own_ahead]
        self.confidence = confidence
        self.is_live = True
        self.microphone_runs = True
        self.is_silent = False

    def at(self):
        """When the light of the frame appears that is drawn now."""
        return self.now + AHEAD_US

    def where(self, tempo, at):
        """(phase, beat) of a tempo at a moment."""
        return phase_at(tempo[0] * 100, int(tempo[1] * BEAT) % BEAT, int(tempo[1]), 0, at)

    def frames(self, count):
        """Draw frames. Returns how far the beat moved in each, in phase units modulo 16 beats."""
        moved = []
        before = self.position()
        for _ in range(count):
            self.frame()
            after = self.position()
            moved.append((after - before) % ROUND)
            before = after
        return moved

    def frame(self):
        self.now += FRAME_US
        if self.is_live:
            phase, beat = self.where(self.hub, self.now)
            self.hearing.set_hub(self.hub[0] * 100, phase, beat, self.now)
        if self.microphone_runs:
            captured = self.now - 3000
            phase, beat = self.where(self.own, captured)
            self.sound.beat(self.own[0] * 100, self.confidence, phase, beat)
            self.sound.hop(captured, self.is_silent)
        self.hearing.update(self.at(), self.is_live)

    def position(self):
        moment = self.hearing.moment
        return ((moment.beat & 15) * BEAT) + moment.beat_phase

    def error(self, tempo):
        """How far the light is ahead of a tempo, in phase units."""
        phase, _ = self.where(tempo, self.at())
        return (self.hearing.moment.beat_phase - phase + BEAT // 2) % BEAT - BEAT // 2


def test_the_hub_wins_over_the_surest_own_tempo():
    room = Room(hub_bpm=120, own_bpm=97)
    room.frames(200)
    assert room.hearing.source == HUB
    assert room.hearing.moment.bpm_x100 == 12000 and room.hearing.moment.confidence == CERTAIN
    assert abs(room.error(room.hub)) <= 64
    assert (room.hearing.bpm_x100, room.hearing.confidence) == (9700, CERTAIN)  # what it heard is told all the same


def test_without_a_hub_or_its_beat_the_own_tempo_is_followed_to_the_moment_of_light():
    for is_live in (True, False):
        room = Room(own_bpm=97, own_ahead=5.3)
        room.is_live = is_live
        room.frames(100)
        assert room.hearing.source == OWN
        assert room.hearing.moment.bpm_x100 == 9700
        assert abs(room.error(room.own)) <= 64


def test_confidence_has_two_thresholds():
    room = Room(own_bpm=100)
    sources = []
    for percent in (0, 30, 39, 41, 30, 21, 19, 30, 39, 41):
        room.confidence = percent * CERTAIN // 100
        room.frame()
        sources.append(room.hearing.source)
    assert sources == [NOBODY, NOBODY, NOBODY, OWN, OWN, OWN, NOBODY, NOBODY, NOBODY, OWN]


def test_with_neither_there_is_no_beat():
    room = Room(own_bpm=100)
    room.frames(10)
    room.confidence = 0
    room.frame()
    assert room.hearing.source == NOBODY
    assert room.hearing.moment.bpm_x100 == 0 and room.hearing.moment.confidence == 0


def test_the_hub_s_beat_runs_on_when_it_falls_silent_and_nothing_is_heard():
    room = Room(hub_bpm=120)
    room.frames(10)
    room.is_live = False
    room.frames(500)
    assert room.hearing.source == HUB
    assert abs(room.error(room.hub)) <= 64


def test_the_last_that_the_hub_said_may_be_that_it_has_no_beat():
    room = Room(hub_bpm=120)
    room.frames(10)
    room.is_live = False
    room.hearing.set_hub(0, 0, 0, room.now)
    room.frame()
    assert room.hearing.source == NOBODY and room.hearing.moment.bpm_x100 == 0


def check_change(hub_ahead, own_ahead):
    """From the hub to oneself and back. Beats stand at most half a beat apart by phase."""
    room = Room(hub_bpm=120, hub_ahead=hub_ahead, own_bpm=120, own_ahead=own_ahead)
    room.frames(30)
    ordinary = 120 * BEAT * FRAME_US // 60000000
    room.is_live = False
    moved = room.frames(1200)
    assert room.hearing.source == OWN
    assert abs(room.error(room.own)) <= 64
    assert max(moved) <= BEAT // 2 + ordinary * 2, "to the nearest beat"
    room.is_live = True
    moved += room.frames(1200)
    assert room.hearing.source == HUB
    assert abs(room.error(room.hub)) <= 64
    assert room.hearing.moment.beat == room.where(room.hub, room.at())[1], "the hub's count, for the bar"
    assert max(moved) <= BEAT // 2 + ordinary * 2, "backwards, or to another beat"


def test_a_change_of_source_never_runs_backwards():
    for hub_ahead in (40.4, 40.6):  # the change comes just before a beat, and just after one
        for apart in range(-7, 8):
            check_change(hub_ahead, hub_ahead + apart / 16)


def test_the_bar_goes_on_though_the_node_counts_otherwise():
    check_change(1000.2, 7.3)
    check_change(7.3, 1000000.2)


def test_a_small_difference_is_made_good_slowly():
    room = Room(hub_bpm=120, own_bpm=120, own_ahead=0.2)
    room.frames(30)
    room.is_live = False
    ordinary = 120 * BEAT * FRAME_US // 60000000
    moved = room.frames(40)
    assert max(moved) <= ordinary * 106 // 100
    assert room.error(room.own) < -BEAT // 10


def test_a_hub_that_steps_back_is_waited_for():
    room = Room(hub_bpm=60, hub_ahead=20.9)
    room.frames(10)
    room.hub[1] = 20.5
    moved = room.frames(100)
    assert max(moved) <= 2 * BEAT * FRAME_US // 1000000
    assert 40 <= moved.count(0) <= 60  # of 48 in 0.4 s
    assert abs(room.error(room.hub)) <= 64


def test_silence_is_dark_and_keeps_the_tempo():
    room = Room(own_bpm=100)
    for at in (snapshot.PEAK_AT, snapshot.SPECTRUM_AT, snapshot.TREBLE_AT, snapshot.NOVELTY_AT):
        room.sound.put(at, 1000)
    room.frame()
    sound = room.hearing.moment.sound
    assert sound[snapshot.TREBLE_AT + 1] == 3
    room.is_silent = True
    room.frame()
    assert max(sound[snapshot.PEAK_AT : snapshot.BPM_X100_AT]) == 0
    assert room.hearing.source == OWN


def test_a_microphone_that_stops_is_silence_until_it_goes_on():
    room = Room(own_bpm=100)
    room.sound.put(snapshot.BASS_AT, 60000)
    room.frames(5)
    room.microphone_runs = False
    room.frames(59)
    assert room.hearing.source == OWN
    room.frames(3)
    assert room.hearing.source == NOBODY and room.hearing.bpm_x100 == 0
    assert max(room.hearing.moment.sound[snapshot.PEAK_AT : snapshot.BPM_X100_AT]) == 0
    room.now += ticks.PERIOD // 2 + 1000000  # where old moments look new
    room.hearing.update(room.at() % ticks.PERIOD, True)
    assert room.hearing.source == NOBODY
    room.microphone_runs = True
    room.frame()
    assert room.hearing.source == OWN
    assert room.hearing.moment.sound[snapshot.BASS_AT + 1] == 60000 >> 8
