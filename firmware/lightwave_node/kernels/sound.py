"""From the audio snapshot (bytes, firmware/native/snapshot.h) to levels and light."""

_SPECTRUM_AT = 20
_OCTAVE = 12
_BINS = 64


def follow(levels, snapshot, bins, keep):
    """Each level jumps up to its bin of the spectrum, and falls by keep / 16384."""
    for i in range(bins):
        at = _SPECTRUM_AT + 2 * i
        now = snapshot[at] | snapshot[at + 1] << 8
        fallen = levels[i] * keep >> 14
        levels[i] = now if now > fallen else fallen


def follow_chroma(levels, snapshot, keep):
    """Twelve levels, one per pitch class from A on: as `follow`, by the loudest octave of each."""
    for pitch in range(_OCTAVE):
        now = levels[pitch] * keep >> 14
        for i in range(pitch, _BINS, _OCTAVE):
            at = _SPECTRUM_AT + 2 * i
            heard = snapshot[at] | snapshot[at + 1] << 8
            if heard > now:
                now = heard
        levels[pitch] = now


def loudest(snapshot, first, bins):
    """The loudest of `bins` bins from `first` on: its number << 16, and its magnitude."""
    best = first << 16
    for i in range(first, first + bins):
        at = _SPECTRUM_AT + 2 * i
        now = snapshot[at] | snapshot[at + 1] << 8
        if now > best & 0xFFFF:
            best = i << 16 | now
    return best


def stretch(words, count, levels, bins):
    """The levels along the strip, the first on the first LED and the last on the last. Where there are more levels
    than LEDs, each shows the highest of those up to the next: no note falls between two LEDs."""
    span = ((bins - 1) << 8) // (count - 1) if count > 1 else 0
    for led in range(count):
        place = led * span
        left = place >> 8
        level = levels[left]
        if place & 255:
            level += (levels[left + 1] - level) * (place & 255) >> 8
        for i in range(left + 1, min(bins, place + span >> 8)):
            if levels[i] > level:
                level = levels[i]
        words[led] = level
