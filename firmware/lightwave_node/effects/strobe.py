"""Flashes, never more than three in any second unless the strip's FlashLimit is lifted. With a beat, speed chooses how
many to a beat: 1, 2, 4 or 8; without, it is their rate, 255 being 19 a second. intensity: how long a flash is."""


def draw(canvas):
    speed = canvas.look.speed
    tick = canvas.beat << (speed >> 6) if canvas.moment.bpm_x100 else canvas.phase * 5
    tick = tick >> 16 & 0xFFFF
    flashes = canvas.flashes
    if tick != canvas.state[1]:
        canvas.state[1] = tick
        flashes.ask()
    canvas.colours(canvas.origin, 0)
    canvas.flood(65535 if flashes.age_us < 10000 + canvas.look.intensity * 150 else 0)
