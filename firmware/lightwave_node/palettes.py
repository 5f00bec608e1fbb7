"""Palettes: gradients of 16-bit linear light. A palette's place in PALETTES is its id on the wire.

Add one by adding a line: its name, then stops of (position 0..255, red, green, blue 0..255), the first at 0 and the
last at 255; ending as it began makes it seamless. Channel values are light, not screen colours: 128 is half the light.
"""

from array import array

FROM_HUE = "hue"  # palette 0: neighbouring colours around the channel's own hue, made when the hue is known

PALETTES = (
    (FROM_HUE, ()),
    ("rainbow", (0, 255, 0, 0, 43, 255, 255, 0, 85, 0, 255, 0, 128, 0, 255, 255, 170, 0, 0, 255, 213, 255, 0, 255,
                 255, 255, 0, 0)),
    ("fire", (0, 32, 0, 0, 96, 255, 24, 0, 160, 255, 112, 0, 208, 255, 208, 64, 255, 32, 0, 0)),
    ("ocean", (0, 0, 4, 48, 96, 0, 64, 128, 160, 0, 200, 160, 208, 128, 255, 224, 255, 0, 4, 48)),
    ("forest", (0, 0, 24, 4, 96, 16, 128, 8, 176, 128, 192, 16, 255, 0, 24, 4)),
    ("sunset", (0, 64, 0, 96, 80, 255, 16, 48, 160, 255, 96, 0, 208, 255, 32, 96, 255, 64, 0, 96)),
    ("ice", (0, 0, 32, 128, 112, 64, 160, 255, 176, 240, 255, 255, 255, 0, 32, 128)),
    ("party", (0, 255, 0, 160, 64, 96, 0, 255, 128, 0, 96, 255, 192, 255, 128, 0, 255, 255, 0, 160)),
)  # fmt: skip


def names():
    return [name for name, _ in PALETTES]


def gradients():
    """One array('H') of (position, red, green, blue) per palette, 16 bits a colour; empty for FROM_HUE."""
    return [array("H", [v if i % 4 == 0 else v * 257 for i, v in enumerate(stops)]) for _, stops in PALETTES]


def hue_colour(colour, at, hue, saturation):
    """Write the pure colour of a hue (256 = full circle) at colour[at..at+2], paler with less saturation (0..255).

    Allocates nothing.
    """
    sector = hue * 6 >> 8
    rising = (hue * 6 & 255) * 257
    falling = 65535 - rising
    floor = (255 - saturation) * 257
    red, green, blue = 65535, 0, 0
    if sector == 0:
        green = rising
    elif sector == 1:
        red, green = falling, 65535
    elif sector == 2:
        red, green, blue = 0, 65535, rising
    elif sector == 3:
        red, green, blue = 0, falling, 65535
    elif sector == 4:
        red, blue = rising, 65535
    else:
        blue = falling
    colour[at] = floor + (red >> 8) * saturation
    colour[at + 1] = floor + (green >> 8) * saturation
    colour[at + 2] = floor + (blue >> 8) * saturation
