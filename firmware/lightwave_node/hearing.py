"""What a node hears, and whose beat its effects follow: the hub's, or without one that which the node itself finds."""

from lightwave import ticks
from lightwave.compat import const
from lightwave.packets import low30, u16
from lightwave_node.snapshot import (
    BEAT_AT,
    BPM_X100_AT,
    CAPTURED_AT,
    CONFIDENCE_AT,
    FLAG_SILENCE,
    FLAGS_AT,
    HOP_AT,
    PEAK_AT,
    PHASE_AT,
)

NOBODY = 0  # the effects take `speed` for their tempo
HUB = 1
OWN = 2

_CERTAIN = const(65535)
_TRUST = const(26214)  # 40 %: confidence from which the node's own tempo is followed, where nobody else gives one
_DOUBT = const(13107)  # 20 %: and below which it is no longer
_DEAF_US = const(500000)  # without a new snapshot for so long: the microphone has stopped
_HALF_A_BEAT = const(32768)
_ROUND = const(0xFFFFF)  # effects count beats modulo 16


class Moment:
    """What a frame is drawn for: the hub time its light appears at, and the beat and the sound then."""

    def __init__(self, sound_size):
        self.hub30 = 0
        self.bpm_x100 = 0  # 0: no beat
        self.beat_phase = 0  # 0..65535
        self.beat = 0
        self.confidence = 0  # in the beat; 65535: it is the hub's
        self.sound = bytearray(sound_size)  # the audio snapshot; PEAK_AT to BPM_X100_AT all zero while nothing is heard


class Hearing:
    """HOT: owned by the render thread; nothing but creation allocates.

    source      whose beat it is: NOBODY, HUB (also when the hub has fallen silent, and its beat runs on), OWN
    bpm_x100    the node's own tempo, whosever beat it is; 0: none found
    confidence  in that, 0..65535
    """

    def __init__(self, audio, beat, kernels):
        self.moment = Moment(audio.snapshot_size)
        self.source = NOBODY
        self.bpm_x100 = 0
        self.confidence = 0
        self._audio = audio
        self._beat = beat  # runs on local time, which never jumps
        self._wipe = kernels.wipe
        self._hop = 0  # the newest heard, and when
        self._heard_at = 0
        self._is_new = False
        self._is_deaf = True
        self._beats_ahead = 0  # what the effects count, beyond the node's own count of beats
        self._hub_bpm_x100 = 0  # what the hub last said
        self._hub_phase = 0
        self._hub_beat = 0
        self._hub_at = 0
        self._hub_said = False  # and it has not been passed on yet

    def set_hub(self, bpm_x100, phase, beat, at):
        """The hub says where its beat stands at local time `at`; bpm_x100 0: it has none."""
        self._hub_bpm_x100 = bpm_x100
        self._hub_phase = phase
        self._hub_beat = beat
        self._hub_at = at
        self._hub_said = True

    def update(self, at, is_live):
        """Make `moment` that of local time `at`, when the light will appear. `is_live`: the hub can be heard."""
        self._listen(at)
        self._choose(is_live)
        self._follow()
        self._beat.advance(at)
        self._show()

    def _listen(self, at):
        sound = self.moment.sound
        self._audio.read(sound)
        hop = low30(sound, HOP_AT)
        self._is_new = hop != self._hop
        if self._is_new:
            self._hop = hop
            self._heard_at = at
            self._is_deaf = False
        elif ticks.diff(at, self._heard_at) > _DEAF_US:
            self._is_deaf = True  # until a new hop comes, though ticks come round
        self.bpm_x100 = 0 if self._is_deaf else u16(sound, BPM_X100_AT)
        self.confidence = 0 if self._is_deaf else u16(sound, CONFIDENCE_AT)
        if self._is_deaf or sound[FLAGS_AT] & FLAG_SILENCE:
            self._wipe(sound, PEAK_AT, BPM_X100_AT)

    def _choose(self, is_live):
        before = self.source
        if is_live and self._hub_bpm_x100:
            self.source = HUB
        elif self.bpm_x100 and self.confidence >= (_DOUBT if before == OWN else _TRUST):
            self.source = OWN
            if before != OWN:
                self._join_own()
        elif is_live or before == OWN or not self._hub_bpm_x100:
            self.source = NOBODY
        # else the hub has only fallen silent, and its beat runs on

    def _follow(self):
        beat = self._beat
        if self.source == HUB:
            if self._hub_said:
                beat.set(self._hub_bpm_x100, self._hub_phase, self._hub_beat, self._hub_at)
            self._hub_said = False
        elif self.source == OWN:
            if self._is_new:
                self._set_own()
        elif beat.bpm_x100:
            beat.reset()

    def _set_own(self):
        sound = self.moment.sound
        self._beat.set(
            u16(sound, BPM_X100_AT),
            u16(sound, PHASE_AT),
            ticks.add(low30(sound, BEAT_AT), self._beats_ahead),
            low30(sound, CAPTURED_AT),
        )

    def _join_own(self):
        """From the hub's beat to our own: the count goes on from where it is, so that the bar does."""
        beat = self._beat
        before = beat.beat
        phase = beat.phase
        self._beats_ahead = 0
        self._set_own()
        before -= beat.beat
        phase -= beat.phase
        if phase > _HALF_A_BEAT:
            before += 1
        elif phase < -_HALF_A_BEAT:
            before -= 1
        self._beats_ahead = before & ticks.MASK
        self._set_own()

    def _show(self):
        """The beat never runs backwards: up to half a beat behind is waited for. Anything else is further on."""
        moment = self.moment
        beat = self._beat
        moment.confidence = _CERTAIN if self.source == HUB else self.confidence if self.source == OWN else 0
        if moment.bpm_x100 and beat.bpm_x100:
            behind = ((moment.beat - beat.beat & 15) << 16) + moment.beat_phase - beat.phase & _ROUND
            if 0 < behind <= _HALF_A_BEAT:
                return
        moment.bpm_x100 = beat.bpm_x100
        moment.beat_phase = beat.phase
        moment.beat = beat.beat
