"""What an effect draws on: per LED its light and its place in the palette, and when it is drawn for.

HOT: owned by the render thread; nothing but creation allocates, and no function here needs a frame of more than 11
words, because MicroPython takes larger ones from the heap (tests/node/test_hot_frames.py).
"""

from array import array

from lightwave import ticks
from lightwave_node.light import LINEAR
from lightwave_node.palettes import hue_stops
from lightwave_node.show_state import ChannelLook
from lightwave_node.snapshot import BINS

FULL_LIGHT = 65535
_TABLE = 65  # colours
_STATE = 8
_LAP = 1 << 20  # of `phase`
_FAST_BEAT = 17000  # bpm_x100: above this beats are taken in pairs, so that nothing flashes more than 3 times a second
_FAST_SPEED = 189  # the speed at which the wheel makes as many turns
_FLASH_GAP_US = 340000  # four flashes take more than a second
_RISE_US = 60000  # so long a flash may take to rise


class FlashLimit:
    """Keeps what lights a whole strip to three flashes in any second. `unlimited` is for those who have asked their
    audience. `age_us` is the time since the last flash."""

    def __init__(self):
        self.unlimited = False
        self.age_us = _FLASH_GAP_US

    def step(self, passed_us):
        if self.age_us < _FLASH_GAP_US:
            self.age_us += passed_us

    def ask(self):
        """Begin a flash, if there may be one now."""
        if self.unlimited or self.age_us >= _FLASH_GAP_US:
            self.age_us = 0

    def may_rise(self):
        """Is this within the rise of a flash? Begins one, if there may be one now."""
        if self.age_us < _RISE_US:
            return True
        self.ask()
        return self.age_us == 0


class Canvas:
    """One running effect of a strip: two per strip, for cross-fades. An effect reads

    count    LEDs to draw: half of them when the strip is mirrored
    look     the channel's parameters (show_state.ChannelLook)
    moment   hub time, beat and sound when the light appears (hearing.Moment)
    origin   the place of the channel's hue in the palette
    phase    a wheel turned by the speed, 65536 = one turn, modulo 16 turns; at speed s it makes s / 67 turns a second.
             On all nodes alike, whenever they joined: it is made from hub time, and its lap fits that of hub time
    beat     position in the music, 65536 = one beat, modulo 16; without a beat, the same as `phase`
    flashes  the strip's FlashLimit

    and writes `light` and `place` (kernels/fields.py), which stay from frame to frame. `levels` (BINS words) and
    `state` (8) are its own memory. All are zero when a scene begins, but state[0], a random number from hub time.
    """

    def __init__(self, kernels, length, gradients, flashes):
        self.kernels = kernels
        self.flashes = flashes
        self.light = array("H", bytes(2 * length))
        self.place = array("H", bytes(2 * length))
        self.levels = array("H", bytes(2 * BINS))
        self.state = array("H", bytes(2 * _STATE))
        self.look = ChannelLook()
        self._draw = None
        self.moment = None
        self.length = self.count = length
        self.frame_us = 0  # since the frame before
        self.phase = self.beat = self.origin = 0
        self._lead = 0  # of `phase` before the wheel of the present speed, after a change of speed
        self._turning = -1  # the speed in force
        self._gradients = gradients
        self._table = array("H", bytes(6 * _TABLE))
        self._hue_stops = bytearray(12)
        self._palette = self._hue = self._saturation = -1  # those of the table

    def show(self, draw, look):
        """From now on an effect and a look."""
        self._draw = draw
        self.look.become(look)

    def begin(self, hub30):
        """A scene begins."""
        ramp = self.kernels.ramp
        ramp(self.light, self.length, 0, 0)
        ramp(self.place, self.length, 0, 0)
        ramp(self.levels, BINS, 0, 0)
        ramp(self.state, _STATE, 0, 0)
        self.state[0] = (hub30 >> 4 ^ hub30 >> 18) & 0xFFFF | 1
        self._turning = -1

    def take_over(self, other):
        """Go on with another canvas's effect from where it is."""
        copy = self.kernels.copy
        copy(self.light, other.light, self.length)
        copy(self.place, other.place, self.length)
        copy(self.levels, other.levels, BINS)
        copy(self.state, other.state, _STATE)
        self.phase = other.phase
        self._lead = other._lead
        self._turning = other._turning

    def render(self, pixels, moment, passed_us):
        """Draw the frame for `moment`, `passed_us` after the one before."""
        look = self.look
        self.moment = moment
        self.frame_us = passed_us
        self.count = (self.length + 1) // 2 if look.mirror else self.length
        self._choose_colours(look)
        self._turn(look.speed, moment.hub30)
        self._count_beats(look.speed)
        self._draw(self)
        self._paint(pixels)
        if look.blur:
            self.kernels.blur(pixels, self.count, look.blur)
        if look.mirror:
            self.kernels.mirror(pixels, self.length)

    def _paint(self, pixels):
        self.kernels.paint(pixels, self.count, self.place, self.light, self._table)

    # ---- for effects ------------------------------------------------------------------------------------------

    def flood(self, light):
        """The same light everywhere."""
        self.kernels.ramp(self.light, self.count, light, 0)

    def colours(self, start, span):
        """The palette along the strip, from place `start` over `span` (65536 = once through it)."""
        self.kernels.ramp(self.place, self.count, start & 0xFFFF, span // self.count)

    def spot(self, at, radius):
        self.kernels.spot(self.light, self.count, at, radius)

    def box(self, start, end, light):
        self.kernels.box(self.light, self.count, start, end, light)

    def swell(self, start, span, amount):
        """Add a wave of light; 65536 of `span` is one wave along the strip."""
        self.kernels.swell(self.light, self.count, start, span // self.count, amount)

    def stir(self, start, span, amount):
        """The same for the places."""
        self.kernels.swell(self.place, self.count, start, span // self.count, amount)

    def fade(self, per_second):
        """Let the light sink, to about a third in 1 / `per_second` s, the same at every frame rate."""
        keep = 16384 - (self.frame_us * per_second >> 6)
        self.kernels.fade(self.light, self.count, keep if keep > 0 else 0)

    def turn(self, sixteenths):
        """Where a wheel stands, 0..65535, that makes so many sixteenths of the turns of `phase`."""
        return self.phase * sixteenths >> 4 & 0xFFFF

    def steps(self, per_turn):
        """Whole steps since the frame before, at `per_turn` (1..64) of them in a turn of `phase`. Uses state[7]."""
        now = self.phase * per_turn >> 16
        gone = (now - self.state[7]) % (16 * per_turn)
        self.state[7] = now
        return gone if gone <= 8 else 0  # more is a jump, or a wheel that was slowed down

    # ---- once a frame -----------------------------------------------------------------------------------------

    def _choose_colours(self, look):
        """Make the table that of the look, where it is not already."""
        palette = look.palette if look.palette < len(self._gradients) else 0
        if palette == self._palette and look.hue == self._hue and look.saturation == self._saturation:
            return
        self._palette, self._hue, self._saturation = palette, look.hue, look.saturation
        self.origin = look.hue << 8 if palette else 0
        if palette:
            self._spread(self._gradients[palette], LINEAR[255 - look.saturation])
        else:
            hue_stops(self._hue_stops, look.hue)
            self._spread(self._hue_stops, LINEAR[255 - look.saturation])

    def _spread(self, stops, white):
        self.kernels.spread(self._table, stops, len(stops) >> 2, LINEAR, white)

    def _turn(self, speed, hub30):
        """Turn the wheel. At a new speed it goes on from where it is, and in time, by an eighth faster or slower, comes
        back to where the nodes have it that began with this speed."""
        true = (hub30 >> 10) * speed + ((hub30 & 1023) * speed >> 10)
        moved = self.frame_us * speed >> 10
        if speed != self._turning:
            self._lead = 0
            if self._turning >= 0:
                self._lead = (self.phase + moved - true + _LAP // 2) % _LAP - _LAP // 2
            self._turning = speed
        lead = self._lead
        if lead:
            moved >>= 3
            if lead < 0:
                moved = -moved if -lead > moved else lead
            elif lead < moved:
                moved = lead
            self._lead = lead - moved
        self.phase = (true + self._lead) % _LAP

    def _count_beats(self, speed):
        moment = self.moment
        if moment.bpm_x100:
            beat = (moment.beat & 15) << 16 | moment.beat_phase
            fast = moment.bpm_x100 > _FAST_BEAT
        else:
            beat = self.phase
            fast = speed > _FAST_SPEED
        self.beat = beat >> 1 if fast else beat


def frame_time(hub30, before30):
    """Microseconds between two frames; 0 where time has jumped."""
    passed_us = ticks.diff(hub30, before30)
    return passed_us if 0 < passed_us <= 100000 else 0
