"""What effects are made of.

An effect is a function `draw(canvas)`, called once a frame. It sets, for the first canvas.count LEDs, the light and the
place in the palette (canvas.Canvas says what it can read); colouring, blur, mirroring, cross-fades and brightness are
done after it. It keeps nothing of its own: what it must remember lives in the canvas, so that one effect serves both
strips and both sides of a cross-fade. It may not allocate: small integers, kernels and what is below, no floats, and
at most 11 words of arguments, locals and stack (tests/node/test_hot_frames.py).

All effects take the channel's parameters, each 0..255:

| parameter  | 0            | 255              | what it does                                      |
|------------|--------------|------------------|---------------------------------------------------|
| brightness | dark         | full             | after the effect; even steps for the eye          |
| speed      | stands still | fastest          | motion, or how fast what follows sound falls back |
| intensity  | least        | most             | what the effect's own file says                   |
| hue        | red          | nearly red again | the colour of palette 0, a start in any other     |
| saturation | white        | the pure colour  | draws every palette towards white                 |
| blur       | none         | soft             | smooths along the strip                           |
| mirror     | off          | (a flag)         | the second half of the strip mirrors the first    |
| palette    | `hue`        |                  | an id: the place in palettes.PALETTES             |

Palette 0, `hue`, is the channel's own colour and its neighbours. Effects by the beat use the speed as a tempo where
there is none (128 is 114 a minute), and take beats in pairs above 170 a minute; effects by the sound are dark
without it.
"""

from lightwave.packets import u16
from lightwave_node.snapshot import ONSETS_AT

_NO_FLASH = 6554  # of 65535


def there_and_back(turn):
    """0 to 65535 and back within one turn (65536), slow at both ends."""
    half = (turn if turn < 32768 else 65535 - turn) >> 1
    return (half * half >> 14) * (49152 - 2 * half) >> 12


def comet(canvas, turn):
    """A comet where a wheel of 65536 stands, with a tail by the intensity."""
    count = canvas.count
    head = turn * count >> 8
    canvas.kernels.tail(canvas.light, count, head, (canvas.look.intensity + 16) * count)
    canvas.spot(head, 256)


def random(canvas):
    """The canvas's next random number, 1..65535."""
    seed = canvas.state[0]
    seed ^= seed << 7 & 0xFFFF
    seed ^= seed >> 9
    seed ^= seed << 8 & 0xFFFF
    canvas.state[0] = seed
    return seed


def sparkle(canvas, rate):
    """Sow sparkles, 256 being about 64 a second on 160 LEDs; uses state[1]."""
    chance = (canvas.frame_us >> 7) * rate * canvas.count // 19500
    canvas.kernels.sow(canvas.light, canvas.place, canvas.count, canvas.state, chance, canvas.origin)


def keep_levels(canvas):
    """How much of a level is kept in this frame, by the speed: a third in 2 s to 1/16 s."""
    keep = 16384 - (canvas.frame_us * (canvas.look.speed + 8) >> 10)
    return keep if keep > 0 else 0


def fall(canvas, register, level, rate):
    """What `level` (0..65535) leaves of itself: it is followed up at once, and down by speed and `rate`."""
    state = canvas.state
    fallen = state[register] - ((canvas.frame_us >> 4) * (canvas.look.speed + 16) * rate >> 8)
    if level < fallen:
        level = fallen
    state[register] = level
    return level


def limited(canvas, register, level):
    """`level` (0..65535) of what lights much of the strip, held down where it would be a fourth flash within a second.
    A tenth more light than the least since the last flash is none."""
    state = canvas.state
    low = state[register]
    if level > low + _NO_FLASH:
        if canvas.flashes.may_rise():
            low = level
        else:
            level = low + _NO_FLASH
    state[register] = level if level < low else low
    return level


def has_onset(canvas, register):
    """Has something been struck since the frame before?"""
    heard = u16(canvas.moment.sound, ONSETS_AT)
    gone = heard - canvas.state[register] & 0xFFFF
    canvas.state[register] = heard
    return 0 < gone <= 8  # more is the scene's first frame


def scroll(canvas, light, place):
    """Move everything away from the strip's beginning by the speed; this comes in, its place counted from the hue."""
    by = canvas.steps(32)
    if by:
        place = canvas.origin + place & 0xFFFF
        canvas.kernels.shift(canvas.light, canvas.count, by, light)
        canvas.kernels.shift(canvas.place, canvas.count, by, place)
