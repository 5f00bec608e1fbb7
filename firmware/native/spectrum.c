#include "spectrum.h"

#include <math.h>
#include <string.h>

#include "fast_math.h"
#include "octaves.h"

#define BINS SNAPSHOT_BINS
#define SEMITONE_BELOW 0.05612569f // distance to the semitone below, in units of the frequency: 1 - 2^(-1/12)
#define FRESH_PARTS 8              // a bin is due when 1 / FRESH_PARTS of its block is new
#define TOP_OCTAVES (63.0f / 12.0f)
#define PAIRS 912 // of samples equally far from the centre, all blocks of an octave: 12 of 49..100, in geometric steps

// What the block of one pitch is multiplied by.
typedef struct {
    const float *weights; // window x cosine, window x sine; from the centre outwards
    uint32_t pairs;       // half the block; even: measure() takes two at a time
} block_t;

static struct {
    float rate;
    uint32_t hop;
    uint32_t hops; // processed, for the strides
    float hz[BINS];
    float magnitude[BINS];
    uint8_t level[BINS];
    uint8_t stride[BINS];
    block_t blocks[SPECTRUM_PITCHES];
    float weights[2 * PAIRS];
} s;

float spectrum_lowest_max(float rate) {
    return OCTAVES_USABLE * rate * powf(2.0f, -TOP_OCTAVES);
}

// omega: of the pitch, per sample of its level.
static uint32_t fill_block(float *weights, float omega) {
    uint32_t pairs = 2 * (uint32_t)(TWO_PI / (omega * SEMITONE_BELOW) * 0.5f + 0.5f); // N = 2 x 2 pi / distance
    float lobe = TWO_PI / (float)(2 * pairs);
    float scale = 4.0f / (float)(2 * pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        float from_centre = (float)i + 0.5f;
        float window = scale * (0.5f + 0.5f * cosf(lobe * from_centre));
        weights[2 * i] = window * cosf(omega * from_centre);
        weights[2 * i + 1] = window * sinf(omega * from_centre);
    }
    return pairs;
}

static uint8_t level_of(float hz, float rate) {
    uint8_t level = 0;
    while (level + 1 < OCTAVES_LEVELS && hz <= OCTAVES_USABLE * 0.50005f * rate) { // a bin at the limit stays below it
        rate *= 0.5f;
        level++;
    }
    return level;
}

static float samples_per_block(unsigned bin) { // of level 0
    return (float)(2 * s.blocks[bin % SPECTRUM_PITCHES].pairs << s.level[bin]);
}

static uint8_t stride_of(unsigned bin) {
    uint32_t stride = 1;
    while (stride < 128 && (float)(stride * 2 * s.hop * FRESH_PARTS) <= samples_per_block(bin)) {
        stride *= 2;
    }
    return (uint8_t)stride;
}

void spectrum_start(float rate, uint32_t hop, float lowest_hz) {
    memset(&s, 0, sizeof(s));
    s.rate = rate;
    s.hop = hop;
    float *weights = s.weights;
    for (unsigned b = 0; b < BINS; b++) {
        s.hz[b] = lowest_hz * powf(2.0f, (float)b / 12.0f);
    }
    // From the lowest twelve, which the rounding of s.hz cannot have put an octave too high or low: the others follow.
    for (unsigned b = 0; b < SPECTRUM_PITCHES; b++) {
        uint8_t level = level_of(s.hz[b], rate);
        for (unsigned same = b, octave = 0; same < BINS; same += SPECTRUM_PITCHES, octave++) {
            s.level[same] = (uint8_t)(level - octave);
        }
        block_t *block = &s.blocks[b];
        block->weights = weights;
        block->pairs = fill_block(weights, TWO_PI * s.hz[b] * (float)(1u << level) / rate);
        weights += 2 * block->pairs;
    }
    for (unsigned b = 0; b < BINS; b++) {
        s.stride[b] = stride_of(b);
    }
    octaves_start(s.level[0] + 1u);
}

// Amplitude of a pitch in the newest block of a level. Two pairs at a time, so that no operation waits for the one
// before it.
static float measure(const block_t *block, const float *newest) {
    const float *up = newest - block->pairs; // away from the centre, to both sides
    const float *down = up - 2;
    const float *weight = block->weights;
    float re0 = 0.0f, im0 = 0.0f, re1 = 0.0f, im1 = 0.0f;
    while (up < newest) {
        float sum0 = up[0] + down[1], difference0 = up[0] - down[1];
        float sum1 = up[1] + down[0], difference1 = up[1] - down[0];
        re0 += weight[0] * sum0;
        im0 += weight[1] * difference0;
        re1 += weight[2] * sum1;
        im1 += weight[3] * difference1;
        up += 2;
        down -= 2;
        weight += 4;
    }
    float re = re0 + re1, im = im0 + im1;
    return square_root(re * re + im * im);
}

const float *spectrum_process(const float *samples) {
    octaves_process(samples, s.hop);
    for (unsigned b = 0; b < BINS; b++) {
        if (((s.hops + b) & (s.stride[b] - 1u)) == 0) {
            s.magnitude[b] = measure(&s.blocks[b % SPECTRUM_PITCHES], octaves_newest(s.level[b]));
        }
    }
    s.hops++;
    return s.magnitude;
}

float spectrum_frequency(unsigned bin) {
    return s.hz[bin];
}

float spectrum_block_s(unsigned bin) {
    return samples_per_block(bin) / s.rate;
}

float spectrum_delay_s(unsigned bin) {
    float filters = OCTAVES_DELAY * (float)((1u << s.level[bin]) - 1);
    return (0.5f * samples_per_block(bin) + filters) / s.rate;
}
