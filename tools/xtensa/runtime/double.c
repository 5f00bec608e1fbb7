// Doubles, which neither the core nor MicroPython's floats have: only into and out of them, for struct and printf.
#include <stdbool.h>
#include <stdint.h>

typedef union {
    double value;
    uint64_t bits;
} double_bits_t;

typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

#define FLOAT_MANTISSA 23
#define DOUBLE_MANTISSA 52
#define EXTRA (DOUBLE_MANTISSA - FLOAT_MANTISSA) // bits that a double has more
#define REBIAS (1023 - 127)

double __extendsfdf2(float value) {
    float_bits_t from = {value};
    uint32_t magnitude = from.bits & 0x7fffffff, exponent = magnitude >> FLOAT_MANTISSA;
    uint64_t mantissa = magnitude & 0x7fffff;
    double_bits_t to = {0};
    if (exponent == 255) { // infinite, or not a number
        exponent = 2047;
    } else if (exponent != 0) {
        exponent += REBIAS;
    } else if (mantissa != 0) { // subnormal: a double has the exponents to make it normal
        int shift = __builtin_clz((uint32_t)mantissa) - 8;
        mantissa = mantissa << shift & 0x7fffff;
        exponent = (uint32_t)(REBIAS + 1 - shift);
    }
    to.bits = (uint64_t)(from.bits >> 31) << 63 | (uint64_t)exponent << DOUBLE_MANTISSA | mantissa << EXTRA;
    return to.value;
}

// mantissa / 2^shift, to the nearest, ties to even.
static uint32_t rounded(uint64_t mantissa, int shift) {
    uint64_t rest = mantissa & ((1ull << shift) - 1), half = 1ull << (shift - 1);
    uint32_t whole = (uint32_t)(mantissa >> shift);
    return whole + (rest > half || (rest == half && (whole & 1)));
}

float __truncdfsf2(double value) {
    double_bits_t from = {value};
    uint32_t sign = (uint32_t)(from.bits >> 63) << 31;
    int exponent = (int)(from.bits >> DOUBLE_MANTISSA) & 2047;
    uint64_t mantissa = from.bits & ((1ull << DOUBLE_MANTISSA) - 1);
    uint32_t magnitude;
    if (exponent == 2047) {
        magnitude = mantissa != 0 ? 0x7fc00000 : 0x7f800000;
    } else if (exponent >= REBIAS + 255) {
        magnitude = 0x7f800000;
    } else if (exponent > REBIAS) { // a carry out of the mantissa goes into the exponent, as it should
        magnitude = ((uint32_t)(exponent - REBIAS) << FLOAT_MANTISSA) + rounded(mantissa, EXTRA);
    } else if (exponent >= REBIAS - FLOAT_MANTISSA) { // becomes subnormal
        magnitude = rounded(mantissa | 1ull << DOUBLE_MANTISSA, EXTRA + REBIAS + 1 - exponent);
    } else {
        magnitude = 0;
    }
    float_bits_t to = {.bits = sign | magnitude};
    return to.value;
}

double __floatsidf(int32_t value) {
    double_bits_t to = {0};
    if (value != 0) {
        uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;
        int place = 31 - __builtin_clz(magnitude);
        uint64_t mantissa = (uint64_t)magnitude << (DOUBLE_MANTISSA - place);
        to.bits = (uint64_t)(value < 0) << 63 | (uint64_t)(1023 + place) << DOUBLE_MANTISSA;
        to.bits |= mantissa & ((1ull << DOUBLE_MANTISSA) - 1);
    }
    return to.value;
}
