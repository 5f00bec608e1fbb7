"""One strip with nothing around it: time, beat and sound are the test's. Runs on both interpreters."""

from lightwave import ticks
from lightwave.compat import MICROPYTHON, first_importable
from lightwave_node import effects, kernels, palettes, snapshot
from lightwave_node.hearing import Moment
from lightwave_node.light import FULL
from lightwave_node.show_state import ChannelLook
from lightwave_node.silence import Silence
from lightwave_node.strip import Strip

FRAME_US = 8333  # 120 frames a second


def chosen_kernels():
    return first_importable("lightwave_hw.kernels_viper", "lightwave_node.kernels") if MICROPYTHON else kernels


class Stage:
    def __init__(self, count=30, hub30=0, bpm_x100=0, **look):
        self.strip = Strip(chosen_kernels(), count, effects.EFFECTS, palettes.gradients())
        self.moment = Moment(Silence("a test").snapshot_size)
        self.moment.hub30 = hub30
        self.moment.bpm_x100 = bpm_x100
        self.look = ChannelLook()
        self.fader = FULL
        self._beat_rest = 0
        self.scene(0, **look)

    @property
    def wire(self):
        return self.strip.wire

    def scene(self, fade_ms=0, **changed):
        """A scene change."""
        self.look.restarts += 1
        self.delta(fade_ms, **changed)

    def delta(self, fade_ms=0, **changed):
        """A parameter delta."""
        for name in changed:
            value = changed[name]
            setattr(self.look, name, effects.NAMES.index(value) if value in effects.NAMES else value)
        self.look.note_change(fade_ms, self.moment.hub30)

    def hear(self, frame):
        """Some music: a drum that is struck twice a second, a note that wanders, and a little treble."""
        struck = 60 - frame % 60
        note = 20 + frame // 25 % 40
        self.silence()
        self.put(snapshot.SPECTRUM_AT + 10, 1092 * struck)
        self.put(snapshot.SPECTRUM_AT + 2 * note, 51200)
        self.put(snapshot.CHROMA_AT + 2 * (note % 12), 51200)
        self.put(snapshot.PEAK_AT, 300 * struck)
        self.put(snapshot.RMS_AT, 100 * struck)
        self.put(snapshot.BASS_AT, 1092 * struck)
        self.put(snapshot.MID_AT, 30000)
        self.put(snapshot.TREBLE_AT, 20000 if frame % 30 < 5 else 4000)
        self.put(snapshot.NOVELTY_AT, 65535 if struck > 57 else 0)
        self.put(snapshot.ONSETS_AT, frame // 60 + 1)

    def silence(self):
        """As Hearing leaves a snapshot while nothing is heard; onsets are counted on."""
        sound = self.moment.sound
        for i in range(snapshot.PEAK_AT, snapshot.BPM_X100_AT):
            sound[i] = 0

    def put(self, at, value):
        self.moment.sound[at] = value & 255
        self.moment.sound[at + 1] = value >> 8

    def frame(self, passed_us=FRAME_US):
        """HOT on MicroPython: allocates nothing."""
        moment = self.moment
        moment.hub30 = ticks.add(moment.hub30, passed_us)
        if moment.bpm_x100:
            self._beat_rest += passed_us * (moment.bpm_x100 // 100)
            phase = moment.beat_phase + self._beat_rest // 916  # 60e6 / 65536
            self._beat_rest %= 916
            moment.beat_phase = phase & 0xFFFF
            moment.beat += phase >> 16
        self.strip.render(self.look, self.fader, moment)

    def frames(self, count, with_sound=False):
        """Copies of the next frames' bytes."""
        shown = []
        for number in range(count):
            if with_sound:
                self.hear(number)
            self.frame()
            shown.append(bytes(self.wire))
        return shown
