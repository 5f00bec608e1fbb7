#include "goertzel.h"

#include <math.h>
#include <string.h>

#define BINS SNAPSHOT_BINS
#define HISTORY 2048
#define TWO_PI 6.28318531f
#define LOWEST_HZ 110.0f
#define SEMITONE_BELOW 0.05612569f // distance to the semitone below, in units of the frequency: 1 - 2^(-1/12)
#define FRESH_PARTS 4              // a bin is due when 1 / FRESH_PARTS of its block is new

#define DC_CORNER_HZ 10.0f
#define CLIP_LEVEL 0x7ff00000      // 0.005 dB under full scale: also catches 16-bit sources at their limit
#define INAUDIBLE 1e-9f            // -180 dB; smaller values only decay into slow subnormal numbers

#define NOISE_START 3e-4f
#define NOISE_MIN 1e-6f
#define NOISE_MAX 2e-3f
#define NOISE_FALL_S 1.0f
#define NOISE_RISE_DB_PER_S 1.5f
#define NOISE_MARGIN 3.0f

#define RANGE_MIN 1e-3f
#define RANGE_ATTACK_S 0.03f
#define RANGE_RELEASE_S 4.0f

// One Goertzel resonator: s[n] = x[n] + 2 cos(w) s[n-1] - s[n-2].
typedef struct {
    float cosine, sine, twice_cosine;
} tone_t;

typedef struct {
    float re, im;
} complex_t;

typedef struct {
    float hz;
    tone_t below, centre, above; // w - d, w, w + d
    complex_t turn;              // exp(i d / 2): brings the outer tones to the phase of the window's centre
    float scale;
    uint16_t block;              // N, even
    uint16_t stride;             // hops from one measurement to the next
    float noise_fall, noise_rise;
    float magnitude, noise;
} bin_t;

static struct {
    uint32_t hop;
    uint32_t hops; // hops processed, for the strides
    bool primed;
    float dc_pole, dc_gain, dc_input, dc_output;
    float attack, release, range;
    bin_t bins[BINS];
    float history[HISTORY]; // oldest first, the newest sample last
} g;

static tone_t tone_at(float omega) {
    tone_t tone = {cosf(omega), sinf(omega), 2.0f * cosf(omega)};
    return tone;
}

// Share of the way to its target that a one-pole follower goes in `dt` seconds.
static float follow(float dt, float time_constant) {
    return 1.0f - expf(-dt / time_constant);
}

static uint16_t block_length(float hz, float rate) {
    float ideal = 2.0f * rate / (hz * SEMITONE_BELOW);
    if (ideal > (float)HISTORY) {
        return HISTORY;
    }
    return (uint16_t)((uint32_t)(ideal * 0.5f + 0.5f) * 2); // even: measure() takes two samples at a time
}

static void bin_start(bin_t *bin, float hz, float rate, uint32_t hop) {
    memset(bin, 0, sizeof(*bin));
    bin->hz = hz;
    bin->block = block_length(hz, rate);
    bin->stride = 1;
    while ((uint32_t)bin->stride * 2 * hop * FRESH_PARTS <= bin->block) {
        bin->stride = (uint16_t)(bin->stride * 2);
    }
    float omega = TWO_PI * hz / rate;
    float lobe = TWO_PI / (float)bin->block;
    bin->below = tone_at(omega - lobe);
    bin->centre = tone_at(omega);
    bin->above = tone_at(omega + lobe);
    bin->turn.re = cosf(0.5f * lobe);
    bin->turn.im = sinf(0.5f * lobe);
    bin->scale = 4.0f / (float)bin->block;

    float dt = (float)bin->stride * (float)hop / rate;
    bin->noise_fall = follow(dt, NOISE_FALL_S);
    bin->noise_rise = powf(10.0f, NOISE_RISE_DB_PER_S * dt / 20.0f);
    bin->noise = NOISE_START;
}

bool goertzel_start(uint32_t rate, uint32_t hop) {
    if (rate < GOERTZEL_RATE_MIN || rate > GOERTZEL_RATE_MAX || hop < GOERTZEL_HOP_MIN || hop > GOERTZEL_HOP_MAX) {
        return false;
    }
    memset(&g, 0, sizeof(g));
    g.hop = hop;
    float hz_rate = (float)rate;
    float hop_s = (float)hop / hz_rate;
    g.dc_pole = 1.0f - TWO_PI * DC_CORNER_HZ / hz_rate;
    g.dc_gain = 0.5f * (1.0f + g.dc_pole); // unity in the middle of the band
    g.attack = follow(hop_s, RANGE_ATTACK_S);
    g.release = follow(hop_s, RANGE_RELEASE_S);
    g.range = RANGE_MIN;
    for (unsigned b = 0; b < BINS; b++) {
        bin_start(&g.bins[b], LOWEST_HZ * powf(2.0f, (float)b / 12.0f), hz_rate, hop);
    }
    return true;
}

// 0..1 -> 0..65535, saturating; anything unordered (NaN) is 0.
static uint16_t to_u16(float value) {
    if (!(value > 0.0f)) {
        return 0;
    }
    return value >= 1.0f ? 65535 : (uint16_t)(value * 65535.0f + 0.5f);
}

// Append one hop to the history, free of DC; sets loudness and the clipping flag.
static void listen(const int32_t *samples, snapshot_t *out) {
    memmove(g.history, g.history + g.hop, (HISTORY - g.hop) * sizeof(float));
    float *fresh = g.history + HISTORY - g.hop;
    float input = g.dc_input;
    float output = g.dc_output;
    float peak = 0.0f;
    float power = 0.0f;
    bool clipped = false;
    if (!g.primed) { // start from the microphone's offset instead of a thump
        input = (float)samples[0] * (1.0f / 2147483648.0f);
        g.primed = true;
    }
    for (uint32_t i = 0; i < g.hop; i++) {
        int32_t raw = samples[i];
        clipped |= raw >= CLIP_LEVEL || raw <= -CLIP_LEVEL;
        float value = (float)raw * (1.0f / 2147483648.0f);
        output = g.dc_gain * (value - input) + g.dc_pole * output;
        input = value;
        float size = fabsf(output);
        if (size < INAUDIBLE) {
            output = 0.0f;
        }
        if (size > peak) {
            peak = size;
        }
        power += output * output;
        fresh[i] = output;
    }
    g.dc_input = input;
    g.dc_output = output;
    out->vu_peak = to_u16(peak);
    out->vu_rms = to_u16(sqrtf(power / (float)g.hop));
    out->flags = clipped ? SNAPSHOT_FLAG_CLIPPED : 0;
}

// The transform at the tone's frequency from the last two states, up to a phase common to all three tones of
// a bin. Taken as a complex number first: the usual s1^2 + s2^2 - 2 cos(w) s1 s2 loses low notes in float32.
static complex_t tone_value(const tone_t *tone, float s1, float s2) {
    complex_t value = {s1 - tone->cosine * s2, tone->sine * s2};
    return value;
}

// Amplitude of the bin's frequency in its newest block. The three resonators run side by side: they share the
// load of x, and none waits for another's result.
static float measure(const bin_t *bin) {
    const float *x = g.history + HISTORY - bin->block;
    const float *end = g.history + HISTORY;
    const float cb = bin->below.twice_cosine;
    const float cc = bin->centre.twice_cosine;
    const float ca = bin->above.twice_cosine;
    float b1 = 0.0f, b2 = 0.0f, c1 = 0.0f, c2 = 0.0f, a1 = 0.0f, a2 = 0.0f;
    for (; x < end; x += 2) {
        b2 = x[0] + cb * b1 - b2; // two steps, so that the states swap names instead of moving
        c2 = x[0] + cc * c1 - c2;
        a2 = x[0] + ca * a1 - a2;
        b1 = x[1] + cb * b2 - b1;
        c1 = x[1] + cc * c2 - c1;
        a1 = x[1] + ca * a2 - a1;
    }
    complex_t below = tone_value(&bin->below, b1, b2);
    complex_t centre = tone_value(&bin->centre, c1, c2);
    complex_t above = tone_value(&bin->above, a1, a2);
    // Hann: 1/2 centre - 1/4 (exp(-i d/2) below + exp(i d/2) above)
    float re = 0.5f * centre.re
        - 0.25f * (bin->turn.re * (below.re + above.re) + bin->turn.im * (below.im - above.im));
    float im = 0.5f * centre.im
        - 0.25f * (bin->turn.re * (below.im + above.im) + bin->turn.im * (above.re - below.re));
    return bin->scale * sqrtf(re * re + im * im);
}

static void learn_noise(bin_t *bin) {
    if (bin->magnitude < bin->noise) {
        bin->noise += bin->noise_fall * (bin->magnitude - bin->noise);
    } else {
        bin->noise *= bin->noise_rise;
    }
    if (bin->noise < NOISE_MIN) {
        bin->noise = NOISE_MIN;
    } else if (bin->noise > NOISE_MAX) {
        bin->noise = NOISE_MAX;
    }
}

void goertzel_process(const int32_t *samples, snapshot_t *out) {
    float above_noise[BINS];
    float loudest = RANGE_MIN;
    listen(samples, out);
    for (unsigned b = 0; b < BINS; b++) {
        bin_t *bin = &g.bins[b];
        if ((g.hops + b) % bin->stride == 0) {
            bin->magnitude = measure(bin);
            learn_noise(bin);
        }
        above_noise[b] = bin->magnitude - NOISE_MARGIN * bin->noise;
        if (above_noise[b] > loudest) {
            loudest = above_noise[b];
        }
    }
    g.hops++;
    g.range += (loudest > g.range ? g.attack : g.release) * (loudest - g.range);
    for (unsigned b = 0; b < BINS; b++) {
        out->spectrum[b] = to_u16(above_noise[b] / g.range);
    }
    out->bins = BINS;
}

float goertzel_magnitude(unsigned bin) {
    return g.bins[bin].magnitude;
}

float goertzel_frequency(unsigned bin) {
    return g.bins[bin].hz;
}

unsigned goertzel_block(unsigned bin) {
    return g.bins[bin].block;
}
