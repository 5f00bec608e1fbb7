// Float division, which the compiler leaves to its run-time library (there is no Xtensa build of it here).
// IEEE 754 single precision, round to nearest even, in integers: three 8-bit steps of the hardware divider.
#include <stdbool.h>
#include <stdint.h>

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u
#define MANTISSA 0x007fffffu
#define IMPLICIT 0x00800000u

typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

// The mantissa with its leading one in bit 23, and the exponent to match; subnormals are normalised.
static uint32_t mantissa_of(uint32_t magnitude, int32_t *exponent) {
    *exponent = (int32_t)(magnitude >> 23);
    if (*exponent != 0) {
        return (magnitude & MANTISSA) | IMPLICIT;
    }
    int shift = __builtin_clz(magnitude) - 8;
    *exponent = 1 - shift;
    return magnitude << shift;
}

// quotient: 24 bits of result and one more to round by; `inexact` stands for all bits below.
static uint32_t rounded(uint32_t quotient, int32_t exponent, bool inexact) {
    if (exponent >= 255) {
        return INFINITE;
    }
    uint32_t packed;
    if (exponent <= 0) { // subnormal: the leading one moves down into the mantissa
        uint32_t shift = exponent < -25 ? 26 : (uint32_t)(1 - exponent);
        inexact |= (quotient & ((1u << shift) - 1)) != 0;
        quotient >>= shift;
        packed = quotient >> 1;
    } else { // the leading one is added to the exponent below it
        packed = ((uint32_t)(exponent - 1) << 23) + (quotient >> 1);
    }
    return packed + (quotient & 1 & ((packed & 1) | inexact)); // a carry into the exponent is what it should be
}

static uint32_t divide(uint32_t a, uint32_t b) {
    int32_t a_exponent, b_exponent;
    uint32_t rest = mantissa_of(a, &a_exponent);
    uint32_t divisor = mantissa_of(b, &b_exponent);
    int32_t exponent = a_exponent - b_exponent + 127;
    if (rest < divisor) {
        rest <<= 1;
        exponent--;
    }
    rest -= divisor; // the quotient's leading one
    uint32_t quotient = 1;
    for (int step = 0; step < 3; step++) {
        rest <<= 8; // rest < divisor < 2^24: nothing is lost
        quotient = quotient << 8 | rest / divisor;
        rest %= divisor;
    }
    return rounded(quotient, exponent, rest != 0);
}

float __divsf3(float a, float b) {
    float_bits_t x = {a}, y = {b}, result;
    uint32_t sign = (x.bits ^ y.bits) & SIGN;
    uint32_t dividend = x.bits & ~SIGN;
    uint32_t divisor = y.bits & ~SIGN;
    if (dividend > INFINITE || divisor > INFINITE || (dividend == divisor && (dividend == 0 || dividend == INFINITE))) {
        result.bits = NOT_A_NUMBER;
    } else if (dividend == INFINITE || divisor == 0) {
        result.bits = sign | INFINITE;
    } else if (dividend == 0 || divisor == INFINITE) {
        result.bits = sign;
    } else {
        result.bits = sign | divide(dividend, divisor);
    }
    return result.value;
}
