// What the spectrum is compared with: one resonator (Goertzel 1958) per bin over its whole windowed block at the full
// rate, every bin in every hop; and the spectrum itself, called as often, so that both are timed without Python.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "spectrum.h"

#define LONGEST 5120 // samples of the lowest bin at 16 kHz, and a few

static float history[LONGEST], windows[SNAPSHOT_BINS][LONGEST], magnitudes[SNAPSHOT_BINS];
static float coefficients[SNAPSHOT_BINS];
static uint32_t lengths[SNAPSHOT_BINS];

void direct_start(float rate) { // after spectrum_start
    memset(history, 0, sizeof(history));
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        lengths[b] = (uint32_t)(spectrum_block_s(b) * rate + 0.5f);
        coefficients[b] = 2.0f * cosf(6.28318531f * spectrum_frequency(b) / rate);
        for (uint32_t i = 0; i < lengths[b]; i++) {
            windows[b][i] = (2.0f - 2.0f * cosf(6.28318531f * ((float)i + 0.5f) / (float)lengths[b])) / (float)lengths[b];
        }
    }
}

static float resonate(unsigned b) {
    const float *sample = history + LONGEST - lengths[b], *window = windows[b];
    const float coefficient = coefficients[b];
    float before = 0.0f, last = 0.0f;
    for (uint32_t i = 0; i < lengths[b]; i++) {
        float now = sample[i] * window[i] + coefficient * last - before;
        before = last;
        last = now;
    }
    return sqrtf(last * last + before * before - coefficient * last * before);
}

const float *direct_run(const float *samples, uint32_t hop, uint32_t hops) {
    for (uint32_t i = 0; i < hops; i++, samples += hop) {
        memmove(history, history + hop, (LONGEST - hop) * sizeof(float));
        memcpy(history + LONGEST - hop, samples, hop * sizeof(float));
        for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
            magnitudes[b] = resonate(b);
        }
    }
    return magnitudes;
}

const float *spectrum_run(const float *samples, uint32_t hop, uint32_t hops) {
    const float *found = NULL;
    for (uint32_t i = 0; i < hops; i++, samples += hop) {
        found = spectrum_process(samples);
    }
    return found;
}
