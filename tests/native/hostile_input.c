// Built with traps on undefined behaviour: reaching the end is the test. Each rate and hop at its limits.
#include <stdint.h>
#include <stdio.h>

#include "goertzel.h"

static uint32_t noise_state = 1;

static uint32_t noise(void) {
    noise_state = noise_state * 1664525u + 1013904223u;
    return noise_state ^ (noise_state >> 16);
}

static int32_t sample(unsigned kind, uint32_t i) {
    static const int32_t extremes[] = {INT32_MIN, INT32_MAX, INT32_MIN + 1, 0, 0x7fc00000, -1};
    switch (kind) {
        case 0:
            return (int32_t)noise();
        case 1:
            return i / 73 % 2 ? INT32_MAX : INT32_MIN;
        case 2:
            return i % 997 == 0 ? INT32_MIN : 0;
        case 3:
            return extremes[noise() % 6];
        case 4:
            return (int32_t)(noise() % 3) - 1;
        default:
            return INT32_MIN;
    }
}

int main(void) {
    static const uint32_t rates[] = {GOERTZEL_RATE_MIN, 16000, GOERTZEL_RATE_MAX};
    static const uint32_t hops[] = {GOERTZEL_HOP_MIN, 100, GOERTZEL_HOP_MAX};
    int32_t samples[GOERTZEL_HOP_MAX];
    snapshot_t snapshot;
    for (unsigned run = 0; run < 9; run++) {
        uint32_t hop = hops[run % 3];
        goertzel_start(rates[run / 3], hop);
        for (uint32_t i = 0; i < 600; i++) {
            unsigned kind = i / 60 % 6;
            for (uint32_t j = 0; j < hop; j++) {
                samples[j] = sample(kind, i * hop + j);
            }
            goertzel_process(samples, &snapshot);
        }
        printf("run %u ", run);
        fflush(stdout);
    }
    return 0;
}
