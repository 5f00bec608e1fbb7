#include "periodicity.h"

#include <math.h>
#include <string.h>

#include "fast_math.h"

#define TEMPOS PERIODICITY_TEMPOS
#define GROUPS NOVELTY_GROUPS
#define RANGE_OCTAVES 1.84799691f // from the slowest tempo to the fastest
#define PRIOR_PLACE 2.225f // 234 BPM, in octaves above the slowest
#define PRIOR_OCTAVES 0.70f
#define HARMONICS 8
#define BEAT 3               // which of the harmonics is the beat itself
#define LAGS 392             // four beats at 50 BPM and 80 frames per second, and room to look beside
#define THIN_ABOVE 80.0f     // above so many frames per second two make one
#define TAPS 5
#define MEAN_S 1.0f
#define MEMORY_S 4.5f
#define PART 20              // tempos measured per frame
#define AVERAGE_S 0.6f
#define HYSTERESIS 1.0f
#define NEAR 3               // tempos beside the one in force that have the bonus
#define FAINT 1.0f           // energy that a correlation is compared with at least: silence has no tempo
#define NOTHING 1e-12f

static const float harmonics[HARMONICS] = {0.25f, 0.5f, 2.0f / 3.0f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f};
static const float weights[GROUPS][HARMONICS] = {
    [NOVELTY_LOW] = {-1.98f, -0.89f, 0.14f, 2.90f, 0.50f, -0.08f, 0.33f, 2.93f},
    [NOVELTY_MID] = {0.23f, -0.42f, -0.85f, 3.39f, 0.29f, -0.15f, 1.75f, 1.08f},
    [NOVELTY_HIGH] = {-0.35f, 1.23f, -0.23f, 2.58f, 0.63f, 2.56f, 0.65f, 0.92f},
};

static struct {
    float frame_s;
    bool thin, half;
    float waiting[GROUPS];        // the first of two frames
    float recent[GROUPS][TAPS];
    float mean[GROUPS], mean_share, keep, average_share;
    uint32_t at;                  // newest place in history
    uint32_t lags;
    uint32_t part;
    uint16_t lag_of[TEMPOS][HARMONICS];
    float prior[TEMPOS];
    float history[GROUPS][LAGS];
    float correlation[GROUPS][LAGS];
    float scale[GROUPS];
    float score[TEMPOS];
    int32_t best;                 // -1: none
    periodicity_t result;
} p;

void periodicity_start(float frames_per_s) {
    memset(&p, 0, sizeof(p));
    p.thin = frames_per_s > THIN_ABOVE;
    p.frame_s = (p.thin ? 2.0f : 1.0f) / frames_per_s;
    p.mean_share = follower(p.frame_s, MEAN_S);
    p.keep = 1.0f - follower(p.frame_s, MEMORY_S);
    p.average_share = follower((float)(TEMPOS / PART) / frames_per_s, AVERAGE_S);
    p.best = -1;
    for (unsigned tempo = 0; tempo < TEMPOS; tempo++) {
        float octaves = RANGE_OCTAVES * (float)tempo / (float)(TEMPOS - 1);
        float bpm = PERIODICITY_SLOWEST * powf(2.0f, octaves);
        float away = (octaves - PRIOR_PLACE) / PRIOR_OCTAVES;
        p.prior[tempo] = -0.5f * away * away;
        for (unsigned h = 0; h < HARMONICS; h++) {
            p.lag_of[tempo][h] = (uint16_t)(harmonics[h] * 60.0f / (bpm * p.frame_s) + 0.5f);
        }
    }
    p.lags = p.lag_of[0][HARMONICS - 1] + 8u;
}

// ---- the correlations --------------------------------------------------------------------------------------------

// Onsets of a frame as wide as a human is exact, less their recent mean.
static float prepared(unsigned group, float value) {
    static const float taps[TAPS] = {1.0f / 16.0f, 4.0f / 16.0f, 6.0f / 16.0f, 4.0f / 16.0f, 1.0f / 16.0f};
    float *recent = p.recent[group];
    float wide = 0.0f;
    memmove(recent, recent + 1, (TAPS - 1) * sizeof(float));
    recent[TAPS - 1] = value;
    for (unsigned i = 0; i < TAPS; i++) {
        wide += taps[i] * recent[i];
    }
    p.mean[group] += p.mean_share * (wide - p.mean[group]);
    return wide - p.mean[group];
}

static void correlate(unsigned group) {
    const float *history = p.history[group];
    float *correlation = p.correlation[group];
    const float keep = p.keep, newest = history[p.at];
    const float *past = history + p.at;
    float *end = correlation + p.at + 1;
    while (correlation < end) {
        *correlation = keep * *correlation + newest * *past--;
        correlation++;
    }
    past = history + p.lags - 1;
    end = p.correlation[group] + p.lags;
    while (correlation < end) {
        *correlation = keep * *correlation + newest * *past--;
        correlation++;
    }
    if (p.correlation[group][0] < NOTHING) { // not slow subnormal numbers
        memset(p.correlation[group], 0, p.lags * sizeof(float));
    }
    p.scale[group] = 1.0f / (p.correlation[group][0] + FAINT);
}

// ---- the bank ----------------------------------------------------------------------------------------------------

static void measure_part(void) {
    for (uint32_t tempo = p.part; tempo < p.part + PART; tempo++) {
        const uint16_t *lag = p.lag_of[tempo];
        float score = p.prior[tempo];
        for (unsigned group = 0; group < GROUPS; group++) {
            const float *correlation = p.correlation[group], *weight = weights[group];
            float sum = 0.0f;
            for (unsigned h = 0; h < HARMONICS; h++) {
                sum += weight[h] * correlation[lag[h]];
            }
            score += sum * p.scale[group];
        }
        p.score[tempo] += p.average_share * (score - p.score[tempo]);
    }
}

static float together(uint32_t lag) {
    return p.correlation[NOVELTY_LOW][lag] + p.correlation[NOVELTY_MID][lag] + p.correlation[NOVELTY_HIGH][lag];
}

// The place of the peak next to a tempo's lag at a harmonic, between lags; 0 if there is none.
static float peak_beside(uint32_t tempo, unsigned harmonic) {
    const uint32_t shortest = p.lag_of[tempo < TEMPOS - 1 ? tempo + 1 : tempo][harmonic] - 1u;
    const uint32_t longest = p.lag_of[tempo > 0 ? tempo - 1 : tempo][harmonic] + 1u;
    uint32_t peak = shortest;
    for (uint32_t lag = shortest; lag <= longest; lag++) {
        if (together(lag) > together(peak)) {
            peak = lag;
        }
    }
    const float before = together(peak - 1), top = together(peak), after = together(peak + 1);
    if (top <= 0.0f || top < before || top < after || top + top <= before + after) {
        return 0.0f;
    }
    return (float)peak + 0.5f * (after - before) / (top + top - before - after);
}

static void decide(void) {
    const float all = together(0);
    if (all < FAINT) {
        p.result.strength = 0.0f;
        return;
    }
    float highest = -1e9f;
    int32_t best = 0;
    for (int32_t tempo = 0; tempo < TEMPOS; tempo++) {
        int32_t away = tempo > p.best ? tempo - p.best : p.best - tempo;
        float score = p.score[tempo] + (p.best >= 0 && away <= NEAR ? HYSTERESIS : 0.0f);
        if (score > highest) {
            highest = score;
            best = tempo;
        }
    }
    const uint16_t *lag = p.lag_of[best];
    p.best = best;
    p.result.strength = 0.5f * (together(lag[BEAT]) + together(lag[BEAT + 2])) / all;
    unsigned harmonic = together(lag[HARMONICS - 1]) > 0.5f * together(lag[BEAT + 2]) ? HARMONICS - 1 : BEAT + 2;
    float period = peak_beside((uint32_t)best, harmonic) / harmonics[harmonic];
    if (period == 0.0f) {
        period = (float)lag[harmonic] / harmonics[harmonic];
    }
    const float bpm = 60.0f / (period * p.frame_s);
    p.result.bpm = bpm < PERIODICITY_SLOWEST ? PERIODICITY_SLOWEST : bpm > PERIODICITY_FASTEST ? PERIODICITY_FASTEST : bpm;
}

// ---- once per frame ----------------------------------------------------------------------------------------------

static void append(const float groups[GROUPS], float share) {
    p.at = p.at + 1 < p.lags ? p.at + 1 : 0;
    for (unsigned group = 0; group < GROUPS; group++) {
        p.history[group][p.at] = prepared(group, share * (p.waiting[group] + groups[group]));
        p.waiting[group] = 0.0f;
    }
}

// With two frames in one, the work of correlating is parted between them.
void periodicity_process(const float groups[GROUPS]) {
    p.half = p.thin && !p.half;
    if (p.half) {
        memcpy(p.waiting, groups, sizeof(p.waiting));
        correlate(NOVELTY_HIGH);
    } else {
        append(groups, p.thin ? 0.5f : 1.0f);
        correlate(NOVELTY_LOW);
        correlate(NOVELTY_MID);
        if (!p.thin) {
            correlate(NOVELTY_HIGH);
        }
    }
    measure_part();
    p.part += PART;
    if (p.part == TEMPOS) {
        p.part = 0;
        decide();
    }
}

periodicity_t periodicity_result(void) {
    return p.result;
}
