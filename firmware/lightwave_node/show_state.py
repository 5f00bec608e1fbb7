"""What the show looks like now: what each channel shows, and the master.

HOT: written and read by the render thread only; nothing but creation allocates. The payloads are those of
shared/PROTOCOL.md: an edge sets some fields of some channels, a STATE sets them all and changes nothing when it
comes twice.
"""

from lightwave import ticks
from lightwave.compat import const
from lightwave.packets import (
    BLOCK_BLUR_AT,
    BLOCK_BRIGHTNESS_AT,
    BLOCK_EFFECT_AT,
    BLOCK_FLAGS_AT,
    BLOCK_HUE_AT,
    BLOCK_INTENSITY_AT,
    BLOCK_PALETTE_AT,
    BLOCK_SATURATION_AT,
    BLOCK_SIZE,
    BLOCK_SPEED_AT,
    CHANNEL_A,
    CHANNEL_MASTER,
    EDGE_BLOCK_AT,
    EDGE_CHANNELS_AT,
    EDGE_FADE_AT,
    EDGE_MASK_AT,
    FADE_MS_MAX,
    FLAG_ENABLED,
    FLAG_LIT,
    FLAG_MIRROR,
    MASK_ALL,
    MASK_BLUR,
    MASK_BRIGHTNESS,
    MASK_EFFECT,
    MASK_FLAGS,
    MASK_HUE,
    MASK_INTENSITY,
    MASK_PALETTE,
    MASK_SATURATION,
    MASK_SPEED,
    STATE_BLOCK_A_AT,
    STATE_EDGE_AT,
    STATE_FLAGS_AT,
    STATE_MASTER_AT,
    u16,
)

CHANNELS = 2
_NO_EDGE = const(0)  # hubs number their edges from 1


class ChannelLook:
    """One channel's parameters. `restarts` counts scene changes, `changes` counts changes of any kind: the strip that
    draws this compares them with those of its last frame. Of the latest change, `fade_ms` and `since` (30-bit hub time)
    say how it fades; `still` that it does so from a picture of the last frame, which does not move on."""

    def __init__(self):
        self.effect = 0
        self.palette = 0
        self.brightness = 255
        self.speed = 128
        self.intensity = 128
        self.hue = 0
        self.saturation = 255
        self.blur = 0
        self.enabled = False
        self.mirror = False
        self.restarts = 0
        self.changes = 0
        self.fade_ms = 0
        self.since = 0
        self.still = False

    def become(self, other):
        """Take over what is drawn of another look; whether and how it changes stays."""
        self.effect = other.effect
        self.palette = other.palette
        self.speed = other.speed
        self.intensity = other.intensity
        self.hue = other.hue
        self.saturation = other.saturation
        self.blur = other.blur
        self.mirror = other.mirror

    def set_fields(self, buf, block, mask):
        """Take the masked fields from the channel block at buf[block]."""
        if mask & MASK_EFFECT:
            self.effect = u16(buf, block + BLOCK_EFFECT_AT)
        if mask & MASK_PALETTE:
            self.palette = u16(buf, block + BLOCK_PALETTE_AT)
        if mask & MASK_BRIGHTNESS:
            self.brightness = buf[block + BLOCK_BRIGHTNESS_AT]
        if mask & MASK_SPEED:
            self.speed = buf[block + BLOCK_SPEED_AT]
        if mask & MASK_INTENSITY:
            self.intensity = buf[block + BLOCK_INTENSITY_AT]
        if mask & MASK_HUE:
            self.hue = buf[block + BLOCK_HUE_AT]
        if mask & MASK_SATURATION:
            self.saturation = buf[block + BLOCK_SATURATION_AT]
        if mask & MASK_BLUR:
            self.blur = buf[block + BLOCK_BLUR_AT]
        if mask & MASK_FLAGS:
            self.enabled = buf[block + BLOCK_FLAGS_AT] & FLAG_ENABLED != 0
            self.mirror = buf[block + BLOCK_FLAGS_AT] & FLAG_MIRROR != 0

    def matches(self, buf, block):
        flags = buf[block + BLOCK_FLAGS_AT]
        return (
            self.effect == u16(buf, block + BLOCK_EFFECT_AT)
            and self.palette == u16(buf, block + BLOCK_PALETTE_AT)
            and self.brightness == buf[block + BLOCK_BRIGHTNESS_AT]
            and self.speed == buf[block + BLOCK_SPEED_AT]
            and self.intensity == buf[block + BLOCK_INTENSITY_AT]
            and self.hue == buf[block + BLOCK_HUE_AT]
            and self.saturation == buf[block + BLOCK_SATURATION_AT]
            and self.blur == buf[block + BLOCK_BLUR_AT]
            and self.enabled == (flags & FLAG_ENABLED != 0)
            and self.mirror == (flags & FLAG_MIRROR != 0)
        )

    def note_change(self, fade_ms, since, still=False):
        self.changes += 1
        self.fade_ms = fade_ms
        self.since = since
        self.still = still


class ShowState:
    """Both channels and the master. `known` is False until the hub has said anything; `repaired` counts the STATEs
    since then that had something to put right.

    A STATE contains every edge whose applyAt is not after its own. Such an edge, when it comes later, has nothing more
    to say, and would undo what newer edges have set.
    """

    def __init__(self):
        self.channels = [ChannelLook() for _ in range(CHANNELS)]
        self.master = 255
        self.lit = True
        self.known = False
        self.repaired = 0
        self._contained_until = -1  # applyAt of the last STATE; -1: none had an edge

    def forget_state(self):
        """Another session, whose clock may be another."""
        self._contained_until = -1

    def apply_edge(self, buf, at, apply_at, restart, since):
        """Apply the edge at buf[at] whose applyAt is `apply_at`; `restart` when it is a scene change. False: outdated.

        It counts from hub time `since`, so that of a late edge's fade what is over is left out."""
        if self._contained_until >= 0 and not ticks.before(self._contained_until, apply_at):
            return False
        self.known = True
        chosen = buf[at + EDGE_CHANNELS_AT]
        mask = u16(buf, at + EDGE_MASK_AT)
        fade_ms = min(u16(buf, at + EDGE_FADE_AT), FADE_MS_MAX)
        block = at + EDGE_BLOCK_AT
        if chosen & CHANNEL_MASTER:
            if mask & MASK_BRIGHTNESS:
                self.master = buf[block + BLOCK_BRIGHTNESS_AT]
            if mask & MASK_FLAGS:
                self.lit = buf[block + BLOCK_FLAGS_AT] & FLAG_LIT != 0
        for i in range(CHANNELS):
            look = self.channels[i]
            mine = chosen & (CHANNEL_A << i)
            if mine:
                look.set_fields(buf, block, mask)
                if restart:
                    look.restarts += 1
            if mine or chosen & CHANNEL_MASTER:
                look.note_change(fade_ms, since)
        return True

    def apply_state(self, buf, at, apply_at, since):
        """Become what the STATE at buf[at] says. Where it differs (edges were missed) the change is immediate."""
        if u16(buf, at + STATE_EDGE_AT) != _NO_EDGE:
            self._contained_until = apply_at
        master = buf[at + STATE_MASTER_AT]
        lit = buf[at + STATE_FLAGS_AT] & FLAG_LIT != 0
        relit = master != self.master or lit != self.lit
        self.master = master
        self.lit = lit
        differs = relit
        for i in range(CHANNELS):
            look = self.channels[i]
            block = at + STATE_BLOCK_A_AT + i * BLOCK_SIZE
            if not look.matches(buf, block):
                differs = True
                if look.effect != u16(buf, block + BLOCK_EFFECT_AT):
                    look.restarts += 1
                look.set_fields(buf, block, MASK_ALL)
                look.note_change(0, since)
            elif relit:
                look.note_change(0, since)
        if differs and self.known:
            self.repaired += 1
        self.known = True

    def soften(self, fade_ms, since):
        """Fade from what is seen to what the looks say, because what is drawn is about to jump."""
        for i in range(CHANNELS):
            self.channels[i].note_change(fade_ms, since, True)

    def level(self, look):
        """Where the channel's fader stands in effect, 0..light.FULL: master x channel / 255, or 0 when off."""
        if not (self.lit and look.enabled):
            return 0
        return self.master * look.brightness * 256 // 255
