"""Checking Ed25519 signatures (RFC 8032, section 5.1), in plain integers for both interpreters. Signing is the hub's.

What is refused beyond a wrong equation, so that one signature has one form:
- S not below the group's order (section 5.1.7): S + order would be another signature of the same message;
- a public key whose y is not below the prime, that is no point, or that asks for the negative of x = 0;
- a public key of small order, for which some signatures fit many messages. A signature's R may be of small order, as
  the RFC allows: whoever can choose R still needs the key. R is compared as bytes, so it has one form too.
The equation is the one without the cofactor: R = [S]B - [k]A.

The time it takes tells nothing secret, for a signature and a public key are none.
"""

from .compat import const
from .sha512 import sha512

KEY_SIZE = 32
SIGNATURE_SIZE = 64

_P = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT_OF_MINUS_1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BITS = const(253)  # S and k are below 2^253


class Verification:
    """One check in small steps, for a caller that has other things to do: call `step` until it does not return None.

    Key (32 bytes), signature (64) and message are bytes. Between steps about 3 KB are held."""

    def __init__(self, key, message, signature) -> None:
        self._bit = _BITS
        self._wanted = bytes(signature[:KEY_SIZE])
        self._s = self._k = 0
        self._table = None  # stays so for what cannot be right
        self._sum = (0, 1, 1, 0)
        if len(key) != KEY_SIZE or len(signature) != SIGNATURE_SIZE:
            return
        self._s = int.from_bytes(bytes(signature[KEY_SIZE:]), "little")
        negative = _negative_of(bytes(key)) if self._s < _ORDER else None
        if negative is not None:
            self._k = int.from_bytes(sha512(self._wanted + bytes(key) + bytes(message)), "little") % _ORDER
            base = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)
            self._table = (None, base, negative, _add(base, negative))  # by a bit of S and twice a bit of k

    def step(self, bits: int = 8):
        """Go on by `bits` of 253. None while it is not known, then True or False."""
        if self._table is None:
            return False
        total = self._sum
        for _ in range(min(bits, self._bit)):
            self._bit -= 1
            total = _double(total)
            term = self._table[(self._s >> self._bit & 1) + 2 * (self._k >> self._bit & 1)]
            if term is not None:
                total = _add(total, term)
        self._sum = total
        return None if self._bit else _encoded(total) == self._wanted


def verify(key, message, signature) -> bool:
    """Is it this key's signature of the message? All are bytes."""
    return Verification(key, message, signature).step(_BITS) is True


def _negative_of(key: bytes):
    """-A for an encoded public key A; None if it is no key (see the head of this file)."""
    y = int.from_bytes(key, "little")
    odd = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return None
    u = (y * y - 1) % _P
    v = (_D * y * y + 1) % _P
    v3 = v * v % _P * v % _P
    x = u * v3 % _P * pow(u * v3 % _P * v3 % _P * v % _P, (_P - 5) // 8, _P) % _P
    vxx = v * x % _P * x % _P
    if vxx != u:
        if vxx != _P - u:
            return None
        x = x * _ROOT_OF_MINUS_1 % _P
    if not x and odd:
        return None
    if x & 1 == odd:
        x = _P - x
    point = (x, y, 1, x * y % _P)
    eightfold = _double(_double(_double(point)))
    return None if eightfold[0] % _P == 0 and eightfold[1] == eightfold[2] else point


# Points are extended homogeneous coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, T = XY/Z: RFC 8032, section 5.1.4.


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * _D * p[3] % _P * q[3] % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p):
    a = p[0] * p[0] % _P
    b = p[1] * p[1] % _P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % _P
    g = a - b
    f = (2 * p[2] * p[2] + g) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _encoded(p) -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x = p[0] * inverse % _P
    return (p[1] * inverse % _P | (x & 1) << 255).to_bytes(KEY_SIZE, "little")
