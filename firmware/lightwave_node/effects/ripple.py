"""Whatever is struck throws a ring outwards from the middle, three at a time. speed: how fast they run; intensity: how
long their wake glows. Dark without sound."""

from lightwave_node.effects.base import has_onset

_RINGS = 2  # state[2] to state[4]: how far each has come, 0 = it is not there
_NEXT = 5


def draw(canvas):
    half = (canvas.count + 1) // 2
    canvas.fade(17 - (canvas.look.intensity >> 4))
    canvas.colours(canvas.origin, 65536)
    if has_onset(canvas, 1):
        _throw(canvas.state)
    for ring in range(_RINGS, _RINGS + 3):
        if canvas.state[ring]:
            _run(canvas, ring, half)
    canvas.kernels.fold(canvas.light, canvas.count, half)
    canvas.kernels.fold(canvas.place, canvas.count, half)


def _throw(state):
    state[_RINGS + state[_NEXT]] = 1
    state[_NEXT] = (state[_NEXT] + 1) % 3


def _run(canvas, ring, half):
    """On the first half of the strip, whose end is the middle; the other one mirrors it."""
    gone = canvas.state[ring] + ((canvas.frame_us >> 4) * (canvas.look.speed + 16) >> 6)
    if gone < 65536:
        half = half * (65536 - gone) >> 8  # where it is
        canvas.box(half - 256, half + 256, 65535 - (gone >> 1))
    else:
        gone = 0
    canvas.state[ring] = gone
