"""One strip with nothing around it: time, beat and sound are the test's. Runs on both interpreters."""

from lightwave import ticks
from lightwave.compat import MICROPYTHON, first_importable
from lightwave_node import effects, kernels, palettes
from lightwave_node.light import FULL
from lightwave_node.renderer import Moment
from lightwave_node.show_state import ChannelLook
from lightwave_node.silence import Silence
from lightwave_node.strip import Strip

FRAME_US = 8333  # 120 frames a second
SPECTRUM_AT = 20


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
        """Some music: a bass note that comes and goes, and another that wanders."""
        sound = self.moment.sound
        for i in range(SPECTRUM_AT, 148):
            sound[i] = 0
        sound[SPECTRUM_AT + 11] = 255 if frame % 60 < 20 else 20
        sound[SPECTRUM_AT + 1 + 2 * (20 + frame // 25 % 40)] = 200

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
