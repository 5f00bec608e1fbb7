// 64-bit arithmetic, which the compiler leaves to its run-time library. Written on 32-bit halves, because any
// 64-bit operator here would call these very functions.
#include <stdbool.h>
#include <stdint.h>

typedef union {
    uint64_t whole;
    struct {
        uint32_t low, high;
    };
} wide_t;

// 32 x 32 -> 64 bits without the high multiply, which the ESP32 has and the emulated core has not.
static wide_t product(uint32_t a, uint32_t b) {
    uint32_t a_low = a & 0xffff, a_high = a >> 16;
    uint32_t b_low = b & 0xffff, b_high = b >> 16;
    uint32_t low = a_low * b_low;
    uint32_t middle = a_high * b_low + (low >> 16); // at most 0xffff * 0xffff + 0xffff: no overflow
    uint32_t other = a_low * b_high + (middle & 0xffff);
    wide_t result = {.low = (other << 16) | (low & 0xffff), .high = a_high * b_high + (middle >> 16) + (other >> 16)};
    return result;
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    wide_t x = {a}, y = {b};
    wide_t result = product(x.low, y.low);
    result.high += x.low * y.high + x.high * y.low;
    return result.whole;
}

uint64_t __ashldi3(uint64_t value, int shift) {
    wide_t x = {value};
    if (shift >= 32) {
        wide_t result = {.low = 0, .high = x.low << (shift - 32)};
        return result.whole;
    }
    if (shift == 0) {
        return value;
    }
    wide_t result = {.low = x.low << shift, .high = x.high << shift | x.low >> (32 - shift)};
    return result.whole;
}

uint64_t __lshrdi3(uint64_t value, int shift) {
    wide_t x = {value};
    if (shift >= 32) {
        wide_t result = {.low = x.high >> (shift - 32), .high = 0};
        return result.whole;
    }
    if (shift == 0) {
        return value;
    }
    wide_t result = {.low = x.low >> shift | x.high << (32 - shift), .high = x.high >> shift};
    return result.whole;
}

int64_t __ashrdi3(int64_t value, int shift) {
    wide_t x = {(uint64_t)value};
    wide_t result = {__lshrdi3((uint64_t)value, shift)};
    if ((int32_t)x.high < 0 && shift > 0) {
        result.high |= shift >= 32 ? ~0u : ~0u << (32 - shift);
        if (shift > 32) {
            result.low |= ~0u << (64 - shift);
        }
    }
    return (int64_t)result.whole;
}

static bool less(wide_t a, wide_t b) {
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

// Schoolbook division, one bit a turn: the kernels divide 64-bit numbers a few times a second at most.
static wide_t divide(wide_t dividend, wide_t divisor, wide_t *rest) {
    wide_t quotient = {0};
    if (divisor.high == 0 && dividend.high == 0) {
        quotient.low = dividend.low / divisor.low;
        rest->whole = 0;
        rest->low = dividend.low % divisor.low;
        return quotient;
    }
    wide_t left = {0};
    for (int bit = 0; bit < 64; bit++) {
        bool carry = left.high >> 31;
        left.high = left.high << 1 | left.low >> 31;
        left.low = left.low << 1 | dividend.high >> 31;
        dividend.high = dividend.high << 1 | dividend.low >> 31;
        dividend.low = dividend.low << 1;
        quotient.high = quotient.high << 1 | quotient.low >> 31;
        quotient.low = quotient.low << 1;
        if (carry || !less(left, divisor)) {
            left.high -= divisor.high + (left.low < divisor.low);
            left.low -= divisor.low;
            quotient.low |= 1;
        }
    }
    *rest = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    wide_t dividend = {a}, divisor = {b}, rest;
    return divide(dividend, divisor, &rest).whole;
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    wide_t dividend = {a}, divisor = {b}, rest;
    divide(dividend, divisor, &rest);
    return rest.whole;
}

static wide_t negated(wide_t x) {
    wide_t result = {.low = ~x.low + 1, .high = ~x.high + (x.low == 0)};
    return result;
}

static bool negative(wide_t x) {
    return x.high >> 31;
}

int64_t __divdi3(int64_t a, int64_t b) {
    wide_t x = {(uint64_t)a}, y = {(uint64_t)b}, rest;
    wide_t quotient = divide(negative(x) ? negated(x) : x, negative(y) ? negated(y) : y, &rest);
    return (int64_t)(negative(x) != negative(y) ? negated(quotient) : quotient).whole;
}

int64_t __moddi3(int64_t a, int64_t b) {
    wide_t x = {(uint64_t)a}, y = {(uint64_t)b}, rest;
    divide(negative(x) ? negated(x) : x, negative(y) ? negated(y) : y, &rest);
    return (int64_t)(negative(x) ? negated(rest) : rest).whole; // the remainder has the dividend's sign
}
