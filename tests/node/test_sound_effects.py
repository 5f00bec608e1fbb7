"""What each effect by the sound makes of each field of the snapshot."""

import pytest
from stage import Stage

from lightwave_node import snapshot

COUNT = 60


@pytest.fixture
def stage():
    """A function that makes a stage with an effect, in silence."""

    def make(effect, count=COUNT, **look):
        return Stage(count, effect=effect, **{"palette": 1, "intensity": 255, "speed": 128, **look})

    return make


def light(stage, frames=1):
    """Light of each LED in the last of some frames."""
    wire = stage.frames(frames)[-1]
    return [sum(wire[at : at + 3]) for at in range(0, len(wire), 3)]


def brightest(lights):
    return max(range(len(lights)), key=lights.__getitem__)


@pytest.mark.parametrize("note", range(snapshot.PITCHES))
def test_each_note_has_its_place_in_chroma(stage, note):
    on_stage = stage("chroma")
    on_stage.put(snapshot.CHROMA_AT + 2 * note, 65535)
    lights = light(on_stage)
    assert abs(brightest(lights) - note * (COUNT - 1) / (snapshot.PITCHES - 1)) < 2
    assert sum(each > 0 for each in lights) <= 2 * COUNT // 11 + 1


def test_each_note_has_its_colour_in_the_spectrogram(stage):
    colours = set()
    for note in range(snapshot.PITCHES):
        on_stage = stage("spectrogram", count=8)
        on_stage.put(snapshot.CHROMA_AT + 2 * note, 65535)
        colours.add(on_stage.frames(20)[-1][:3])
    assert len(colours) == snapshot.PITCHES


def vu_height(stage, decibels, frames=1):
    """Where the bar of a meter ends when a tone's peak and loudness are that far below full scale."""
    level = int(65535 * 10 ** (decibels / 20))
    stage.put(snapshot.PEAK_AT, level)
    stage.put(snapshot.RMS_AT, level)
    return sum(each > 100 for each in light(stage, frames))


def test_the_meter_is_even_in_decibels(stage):
    meter = stage("vu")
    heights = [vu_height(meter, -10)]
    assert heights[0] == COUNT
    for below in range(1, 6):
        heights.append(vu_height(meter, -10 - 5 * below, frames=30))
    steps = [high - low for high, low in zip(heights, heights[1:], strict=False)]
    assert all(7 <= step <= 13 for step in steps)


def test_the_meter_s_full_scale_follows_the_music_but_not_the_noise(stage):
    quiet_music, noise = stage("vu"), stage("vu")
    assert vu_height(quiet_music, -45) > COUNT * 0.95
    assert vu_height(noise, -70) < COUNT // 3
    loud_then_quiet = stage("vu")
    vu_height(loud_then_quiet, -10)
    soon = vu_height(loud_then_quiet, -30, frames=120)
    later = vu_height(loud_then_quiet, -30, frames=600)
    assert soon < later - 10


def test_the_peak_stands_above_the_loudness_and_lingers(stage):
    meter = stage("vu")
    meter.put(snapshot.PEAK_AT, 30000)
    meter.put(snapshot.RMS_AT, 10000)
    lights = light(meter)
    assert lights[-1] > 0 and lights[-5] == 0 and lights[COUNT // 2] > 0
    meter.silence()
    lights = light(meter, 30)
    assert brightest(lights) > COUNT // 2


def test_bloom_opens_with_the_bass_alone(stage):
    widths = []
    for bass in (0, 20000, 40000, 65535):
        flower = stage("bloom")
        flower.put(snapshot.BASS_AT, bass)
        lights = light(flower)
        widths.append(sum(each > 0 for each in lights))
        assert bass == 0 or abs(brightest(lights) - COUNT / 2) <= 1
    assert widths == sorted(set(widths)) and widths[0] == 0
    for at in (snapshot.MID_AT, snapshot.TREBLE_AT):
        flower = stage("bloom")
        flower.put(at, 65535)
        assert max(light(flower)) == 0


@pytest.mark.parametrize("at", [snapshot.MID_AT, snapshot.TREBLE_AT])
def test_the_other_bands_colour_the_bloom_and_light_its_rim(stage, at):
    plain, other = stage("bloom"), stage("bloom")
    for flower in (plain, other):
        flower.put(snapshot.BASS_AT, 40000)
    other.put(at, 65535)
    assert plain.frames(1) != other.frames(1)


def test_history_has_low_and_high_in_other_colours(stage):
    colours = []
    for at in (snapshot.BASS_AT, snapshot.MID_AT, snapshot.TREBLE_AT):
        on_stage = stage("history", count=8)
        on_stage.put(at, 65535)
        colours.append(on_stage.frames(20)[-1][:3])
    assert len(set(colours)) == 3


@pytest.mark.parametrize("effect", ["glitter", "ripple"])
def test_an_onset_is_seen_at_once_and_dies_away(stage, effect):
    on_stage = stage(effect, intensity=0)
    assert max(light(on_stage, 5)) == 0
    on_stage.put(snapshot.ONSETS_AT, 1)
    assert max(light(on_stage)) > 100
    assert max(light(on_stage, 240)) == 0


def test_a_scene_that_begins_late_has_no_onset(stage):
    on_stage = stage("ripple")
    on_stage.put(snapshot.ONSETS_AT, 500)
    assert max(light(on_stage)) == 0


def test_onsets_count_round(stage):
    on_stage = stage("ripple")
    on_stage.put(snapshot.ONSETS_AT, 65535)
    light(on_stage)
    on_stage.put(snapshot.ONSETS_AT, 0)
    assert max(light(on_stage)) > 100


def test_three_ripples_run_outwards_from_the_middle(stage):
    pond = stage("ripple", intensity=0)
    half = COUNT // 2
    places = []
    for frame in range(40):
        if frame in (0, 12, 24):
            pond.put(snapshot.ONSETS_AT, frame // 12 + 1)
        pond.frame()
        lights = list(pond.strip._canvas.light)
        assert lights == lights[::-1]
        places.append([i for i in range(1, half) if lights[i - 1] < lights[i] > 20000 and lights[i + 1] <= lights[i]])
    assert places[0] == [half - 1]
    assert len(places[30]) == 3
    outermost = [crests[0] for crests in places]
    assert outermost == sorted(outermost, reverse=True) and outermost[-1] < half // 2


def test_an_onset_turns_the_kaleidoscope(stage):
    still, struck = stage("kaleidoscope", speed=0), stage("kaleidoscope", speed=0)
    for each in (still, struck):
        each.put(snapshot.SPECTRUM_AT, 65535)
        light(each)
    struck.put(snapshot.ONSETS_AT, 1)
    assert still.frames(20)[-1] != struck.frames(20)[-1]


def test_the_tempo_map_marks_the_beats_as_surely_as_they_are_known(stage):
    marks = []
    for confidence in (0, 30000, 65535):
        bar = Stage(COUNT, effect="tempo_map", palette=1, bpm_x100=12000)
        bar.moment.confidence = confidence
        lights = light(bar)
        marks.append([lights[COUNT * beat // 4] for beat in (1, 2, 3)])  # the cursor is at the first
    assert marks[0] == [0, 0, 0]
    assert 0 < min(marks[1]) <= max(marks[1]) < min(marks[2])


def test_the_tempo_map_draws_onsets_where_the_bar_is(stage):
    bar = Stage(COUNT, effect="tempo_map", palette=1, bpm_x100=12000, intensity=255)
    bar.moment.beat = 2
    bar.put(snapshot.NOVELTY_AT, 65535)
    bar.frame(0)
    bar.put(snapshot.NOVELTY_AT, 0)
    lights = light(bar, 20)
    assert COUNT // 2 <= brightest(lights) <= COUNT // 2 + 1


def test_the_tempo_map_has_a_colour_for_each_tempo(stage):
    colours = set()
    for bpm_x100 in (6000, 9000, 12000, 17000):
        bar = Stage(8, effect="tempo_map", palette=1, bpm_x100=bpm_x100)
        colours.add(bar.frames(1)[-1][:3])
    assert len(colours) == 4
