// Arithmetic for once per bin and hop. Additions and multiplications only: dividing and taking roots in float32 cost
// Xtensa 80 and 300 instructions each when done as the C library does them.
#ifndef LIGHTWAVE_FAST_MATH_H
#define LIGHTWAVE_FAST_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define TWO_PI 6.28318531f

// Within 3e-7 of the root for 1e-30 <= x <= 1e30; 0 for 0. Newton's iteration on 1 / sqrt(x), begun from the exponent
// halved in integers.
static inline float square_root(float x) {
    uint32_t bits;
    float inverse;
    memcpy(&bits, &x, sizeof(bits));
    bits = 0x5f3759dfu - (bits >> 1);
    memcpy(&inverse, &bits, sizeof(inverse));
    const float half = 0.5f * x;
    inverse *= 1.5f - half * inverse * inverse;
    inverse *= 1.5f - half * inverse * inverse;
    inverse *= 1.5f - half * inverse * inverse;
    return x * inverse;
}

// 0..1 -> 0..65535, saturating; anything unordered (NaN) is 0.
static inline uint16_t to_u16(float value) {
    if (!(value > 0.0f)) {
        return 0;
    }
    return value >= 1.0f ? 65535 : (uint16_t)(value * 65535.0f + 0.5f);
}

// The share of its way to a target that a one-pole follower goes in `dt`; 1 without a time constant. Not per hop.
static inline float follower(float dt, float time_constant) {
    return time_constant > 0.0f ? 1.0f - expf(-dt / time_constant) : 1.0f;
}

#endif
