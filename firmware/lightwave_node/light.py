"""How the numbers people set become light, and how 16 bits of light become 8 bits on the wire.

Pixels are linear light, and so is a WS2812: its duty cycle is proportional to the byte. The eye is not. So everything
people set by eye - palette colours, hue, saturation, faders - is read as sRGB, whose curve is close to the eye's, and
turned into linear light once, where it enters. From there on sums, blurs and cross-fades are sums of real light, and
no table stands between the pixels and the wire, only a factor.

A frame has 256 thresholds, which turn from frame to frame in bit-reversed order: a colour channel that is a fraction
above a byte shows the next byte in that share of the frames, as evenly spread over time as can be, and over 256 frames
exactly. Each channel of each LED is at another place of the turn, so a strip does not pulse as a whole. Under a quarter
of the lowest step of light a LED would blink slower than 30 times a second at 120 frames; there it stays dark.
"""

from array import array

FULL = 65280  # the highest position of a fader: 255 * 256
_FULL_GAIN = 16320  # 65535 * 16320 / 16384 is 255 * 256: the brightest byte, which no threshold changes


def _srgb():
    """sRGB (0..255) to linear light (0..65535), IEC 61966-2-1."""
    low = [value * 65535 / (255 * 12.92) for value in range(11)]
    return [int(light + 0.5) for light in low + [65535 * ((v / 255 + 0.055) / 1.055) ** 2.4 for v in range(11, 256)]]


LINEAR = array("H", _srgb())
# The 256 and, so that a LED's three can be read from one place, 106 of them again.
THRESHOLDS = bytes([int("".join(reversed("{:08b}".format(frame & 255))), 2) for frame in range(256 + 106)])


def gain(position):
    """What to_wire multiplies by for a fader at `position`, 0..FULL."""
    place = position >> 8
    light = LINEAR[place]
    if position & 255:
        light += (LINEAR[place + 1] - light) * (position & 255) >> 8
    return light * _FULL_GAIN // 65535
