#include "novelty.h"

#include <math.h>
#include <string.h>

#include "fast_math.h"

#define FRAMES_PER_S_MAX 126
#define HOP_MAX 256
#define BANDS_MAX 8
#define LOWEST_CUT_HZ 100.0f
#define DAMPING 1.41421356f // Butterworth
#define INAUDIBLE 1e-12f
#define TAN_OF_QUARTER 1.0f // for a cutoff at a quarter of the rate
#define TAN_OF_EIGHTH 0.41421356f

#define SMOOTH_S 0.006f // of a band's power
#define SMOOTH_LOW_S 0.012f
#define PEAK_S 8.0f
#define PEAK_FLOOR 2e-3f // a band that never was louder is not stretched: -54 dB
#define GAIN 30.0f       // the logarithm is one from peak / GAIN upwards
#define SLOW 0.2f        // octaves in two frames

// Trapezoidal integrators (Zavalishin 2012), as in bands.c.
typedef struct {
    float a1, a2, a3;
    float state1, state2;
} filter_t;

typedef struct {
    filter_t filter; // splits what the band above left; the lowest band has none
    uint8_t group;
    float power, per_sample; // sum over a frame's samples, and what makes it their mean
    float smooth, share;
    float peak;
    float amplitude[2], octaves[2]; // of the last two frames
} band_t;

static const float weights[NOVELTY_GROUPS] = {[NOVELTY_LOW] = 3.0f, [NOVELTY_MID] = 1.0f, [NOVELTY_HIGH] = 1.0f};

static struct {
    uint32_t hop, hops_per_frame, hops;
    uint32_t filters; // bands - 1
    float peak_fall;
    novelty_t now;
    band_t bands[BANDS_MAX];
    float buffer[HOP_MAX];
} n;

uint32_t novelty_hops_per_frame(uint32_t rate, uint32_t hop) {
    return (rate + hop * FRAMES_PER_S_MAX - 1) / (hop * FRAMES_PER_S_MAX);
}

// g: tangent of half the cutoff's angle per sample.
static filter_t filter_of(float g) {
    filter_t filter = {.a1 = 1.0f / (1.0f + g * (g + DAMPING))};
    filter.a2 = g * filter.a1;
    filter.a3 = g * filter.a2;
    return filter;
}

void novelty_start(uint32_t rate, uint32_t hop) {
    memset(&n, 0, sizeof(n));
    n.hop = hop;
    n.hops_per_frame = novelty_hops_per_frame(rate, hop);
    const uint32_t samples = n.hops_per_frame * hop;
    const float frame_s = (float)samples / (float)rate;
    n.peak_fall = 1.0f - follower(frame_s, PEAK_S);
    float cut = 0.25f * (float)rate; // the lower end of a band
    for (uint32_t b = 0; b < BANDS_MAX; b++, cut *= 0.5f) {
        band_t *band = &n.bands[b];
        bool lowest = cut <= LOWEST_CUT_HZ || b == BANDS_MAX - 1;
        uint32_t halvings = b < 2 ? 0 : b - 1;
        band->filter = filter_of(b == 0 ? TAN_OF_QUARTER : TAN_OF_EIGHTH);
        band->group = cut > 1800.0f ? NOVELTY_HIGH : cut > 180.0f ? NOVELTY_MID : NOVELTY_LOW;
        band->per_sample = 1.0f / (float)(samples >> halvings);
        band->share = follower(frame_s, band->group == NOVELTY_LOW ? SMOOTH_LOW_S : SMOOTH_S);
        band->peak = PEAK_FLOOR;
        n.filters = b;
        if (lowest) {
            break;
        }
    }
}

// Leaves what is below the cutoff in place; returns the sum of squares of the rest.
static float split(filter_t *kept, float *samples, uint32_t count) {
    filter_t filter = *kept; // in registers
    float power = 0.0f;
    for (uint32_t i = 0; i < count; i++) {
        float v3 = samples[i] - filter.state2;
        float v1 = filter.a1 * filter.state1 + filter.a2 * v3;
        float v2 = filter.state2 + filter.a2 * filter.state1 + filter.a3 * v3;
        float above = samples[i] - DAMPING * v1 - v2;
        filter.state1 = 2.0f * v1 - filter.state1;
        filter.state2 = 2.0f * v2 - filter.state2;
        power += above * above;
        samples[i] = v2;
    }
    kept->state1 = fabsf(filter.state1) < INAUDIBLE ? 0.0f : filter.state1; // not slow subnormal numbers
    kept->state2 = fabsf(filter.state2) < INAUDIBLE ? 0.0f : filter.state2;
    return power;
}

static void measure(const float *samples) {
    uint32_t count = n.hop;
    memcpy(n.buffer, samples, count * sizeof(float));
    for (uint32_t b = 0; b < n.filters; b++) {
        n.bands[b].power += split(&n.bands[b].filter, n.buffer, count);
        if (b > 0) { // the first filter's cutoff is too near to the new range's end
            count /= 2;
            for (uint32_t i = 0; i < count; i++) {
                n.buffer[i] = n.buffer[2 * i];
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        n.bands[n.filters].power += n.buffer[i] * n.buffer[i];
    }
}

// Within 0.01 of the logarithm to base 2, for x >= 1.
static float log2_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    float exponent = (float)((int32_t)(bits >> 23) - 127);
    bits = (bits & 0x7fffffu) | 0x3f800000u;
    memcpy(&x, &bits, sizeof(x));
    return exponent + (x - 1.0f) * (1.0f + (2.0f - x) * 0.3465f);
}

static inline float shift_in(float before[2], float now) { // returns how much more it is than two frames ago, or 0
    const float rise = now - before[1];
    before[1] = before[0];
    before[0] = now;
    return rise > 0.0f ? rise : 0.0f;
}

static void add_rise(band_t *band) {
    band->smooth += band->share * (band->power * band->per_sample - band->smooth);
    band->power = 0.0f;
    if (band->smooth < INAUDIBLE) {
        band->smooth = 0.0f;
    }
    const float amplitude = square_root(band->smooth);
    band->peak *= n.peak_fall;
    if (band->peak < PEAK_FLOOR) {
        band->peak = PEAK_FLOOR;
    }
    if (amplitude > band->peak) {
        band->peak = amplitude;
    }
    const float inverse = 1.0f / band->peak;
    const float octaves = shift_in(band->octaves, log2_of(1.0f + GAIN * inverse * amplitude));
    if (octaves > SLOW) {
        n.now.groups[band->group] += octaves - SLOW;
    }
    n.now.strength += weights[band->group] * inverse * shift_in(band->amplitude, amplitude);
}

void novelty_process(const float *samples, novelty_t *out) {
    measure(samples);
    n.now.fresh = ++n.hops == n.hops_per_frame;
    if (n.now.fresh) {
        n.hops = 0;
        memset(n.now.groups, 0, sizeof(n.now.groups));
        n.now.strength = 0.0f;
        for (uint32_t b = 0; b <= n.filters; b++) {
            add_rise(&n.bands[b]);
        }
    }
    *out = n.now;
}
