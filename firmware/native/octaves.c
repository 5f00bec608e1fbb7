#include "octaves.h"

#include <string.h>

#define CHUNK 64u // samples appended at once: with the filter's 31 they must fit in the history
#define TAPS 31

// The half-band filter's, from the centre outwards: an equiripple design for edges at 0.18 and 0.32.
static const float taps[] = {
    0.314466188f, -0.0950437155f, 0.0466907491f, -0.0244318539f, 0.0122482686f, -0.00551245008f, 0.00205964169f,
    -0.000549568169f,
};

// A ring whose every sample is written twice, half its memory apart, so that the newest OCTAVES_HISTORY always lie in
// one piece, without moving memory now and then.
typedef struct {
    uint32_t next;   // place of the next sample
    uint32_t unread; // 0 or 1 samples not yet seen by the filter, which takes two for one
    float samples[2 * OCTAVES_HISTORY];
} octave_t;

static struct {
    unsigned levels;
    octave_t level[OCTAVES_LEVELS];
} octaves;

void octaves_start(unsigned levels) {
    memset(&octaves, 0, sizeof(octaves));
    octaves.levels = levels;
}

static void append(octave_t *level, const float *samples, uint32_t count) {
    uint32_t next = level->next;
    for (uint32_t i = 0; i < count; i++) {
        level->samples[next] = level->samples[next + OCTAVES_HISTORY] = samples[i];
        next = next + 1 < OCTAVES_HISTORY ? next + 1 : 0;
    }
    level->next = next;
}

// One output of the half-band filter from its TAPS newest inputs, oldest first. Every second tap but the centre is
// zero, and the rest are symmetric about it. (Indices from 0 upwards: Xtensa's loads take no negative offsets.)
static inline float half_band(const float *x) {
    return 0.5f * x[15]
        + taps[0] * (x[14] + x[16])
        + taps[1] * (x[12] + x[18])
        + taps[2] * (x[10] + x[20])
        + taps[3] * (x[8] + x[22])
        + taps[4] * (x[6] + x[24])
        + taps[5] * (x[4] + x[26])
        + taps[6] * (x[2] + x[28])
        + taps[7] * (x[0] + x[30]);
}

// Filter the `fresh` newest samples of a level to half as many; returns how many.
static uint32_t halve(octave_t *level, uint32_t fresh, float *out) {
    uint32_t waiting = level->unread + fresh;
    uint32_t count = waiting / 2;
    level->unread = waiting % 2;
    const float *x = level->samples + level->next + OCTAVES_HISTORY - level->unread - TAPS + 2 - 2 * count;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = half_band(x + 2 * i);
    }
    return count;
}

void octaves_process(const float *samples, uint32_t count) {
    for (uint32_t done = 0; done < count; done += CHUNK) {
        float halved[CHUNK / 2];
        uint32_t fresh = count - done < CHUNK ? count - done : CHUNK;
        append(&octaves.level[0], samples + done, fresh);
        for (unsigned k = 1; k < octaves.levels; k++) {
            fresh = halve(&octaves.level[k - 1], fresh, halved);
            append(&octaves.level[k], halved, fresh);
        }
    }
}

const float *octaves_newest(unsigned level) {
    return octaves.level[level].samples + octaves.level[level].next + OCTAVES_HISTORY;
}
