#include "bands.h"

#include <math.h>

#include "fast_math.h"

#define BASS_BELOW_HZ 250.0f
#define TREBLE_ABOVE_HZ 2000.0f
#define DAMPING 1.41421356f // Butterworth
#define INAUDIBLE 1e-12f

// Trapezoidal integrators (Zavalishin 2012): exact cutoff, and stable whatever comes in.
typedef struct {
    float a1, a2, a3;
    float state1, state2;
} filter_t;

static struct {
    uint32_t hop;
    float per_sample;
    filter_t bass, treble;
} bands;

static filter_t filter_at(float hz, float rate) {
    float half = 0.5f * TWO_PI * hz / rate;
    float g = sinf(half) / cosf(half);
    filter_t filter = {.a1 = 1.0f / (1.0f + g * (g + DAMPING))};
    filter.a2 = g * filter.a1;
    filter.a3 = g * filter.a2;
    return filter;
}

// Splits x: returns what is below the cutoff, *above gets the rest.
static inline float split(filter_t *filter, float x, float *above) {
    float v3 = x - filter->state2;
    float v1 = filter->a1 * filter->state1 + filter->a2 * v3;
    float v2 = filter->state2 + filter->a2 * filter->state1 + filter->a3 * v3;
    filter->state1 = 2.0f * v1 - filter->state1;
    filter->state2 = 2.0f * v2 - filter->state2;
    *above = x - DAMPING * v1 - v2;
    return v2;
}

// A decaying state ends at 0, not in slow subnormal numbers.
static void settle(filter_t *filter) {
    filter->state1 = fabsf(filter->state1) < INAUDIBLE ? 0.0f : filter->state1;
    filter->state2 = fabsf(filter->state2) < INAUDIBLE ? 0.0f : filter->state2;
}

void bands_start(float rate, uint32_t hop) {
    bands.hop = hop;
    bands.per_sample = 1.0f / (float)hop;
    bands.bass = filter_at(BASS_BELOW_HZ, rate);
    bands.treble = filter_at(TREBLE_ABOVE_HZ, rate);
}

void bands_process(const float *samples, float rms[BANDS]) {
    filter_t bass = bands.bass, treble = bands.treble; // in registers
    float power[BANDS] = {0.0f, 0.0f, 0.0f};
    for (uint32_t i = 0; i < bands.hop; i++) {
        float rest, high;
        float low = split(&bass, samples[i], &rest);
        float middle = split(&treble, rest, &high);
        power[BAND_BASS] += low * low;
        power[BAND_MID] += middle * middle;
        power[BAND_TREBLE] += high * high;
    }
    settle(&bass);
    settle(&treble);
    bands.bass = bass;
    bands.treble = treble;
    for (unsigned band = 0; band < BANDS; band++) {
        rms[band] = square_root(power[band] * bands.per_sample);
    }
}
