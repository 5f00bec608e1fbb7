"""The strip is a bar of four beats: what sounds is drawn where the bar is, and the bars before shine through.
intensity: how long they do; without a beat, speed sets the tempo. Without sound only the cursor moves."""


def draw(canvas):
    loud = canvas.loudness()
    keep = 16384 - (canvas.frame_us >> 4 + (canvas.look.intensity >> 5))
    canvas.kernels.fade(canvas.light, canvas.count, keep)
    canvas.colours(canvas.origin, 65536)
    at = (canvas.beat & 0x3FFFF) * canvas.count >> 10
    canvas.box(at, at + 384, loud if loud > 12000 else 12000)
