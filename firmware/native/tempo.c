#include "tempo.h"

#include <string.h>

#include "beat_clock.h"
#include "fast_math.h"
#include "periodicity.h"

#define STRONGEST 100.0f
#define CERTAIN 0.5f         // repetition that counts as full confidence
#define DOUBTFUL 0.04f      // and none
#define EVIDENCE_S 3.0f      // confidence rises with about this time constant
#define FORGET_S 2.0f        // and decays in silence with this one
#define FOUND 0.1f           // confidence from which a first tempo is told
#define RANGE_RELEASE_S 4.0f
#define RANGE_FLOOR 1.0f     // a softer attack stays dimmer than full brightness
#define ONSET_LEAST 0.4f
#define ONSET_TIMES 4.0f     // the recent mean
#define ONSET_MEAN_S 1.0f
#define ONSET_APART_S 0.06f

static struct {
    float rise, forget, range_fall, mean_share;
    float confidence, reference, mean;
    uint32_t apart, since;
    bool armed;
    tempo_t now;
} t;

void tempo_start(uint32_t rate, uint32_t hop) {
    const uint32_t hops = novelty_hops_per_frame(rate, hop);
    const float hops_per_s = (float)rate / (float)hop, frame_s = (float)hops / hops_per_s;
    memset(&t, 0, sizeof(t));
    t.rise = follower(frame_s, EVIDENCE_S);
    t.forget = follower(1.0f / hops_per_s, FORGET_S);
    t.range_fall = 1.0f - follower(frame_s, RANGE_RELEASE_S);
    t.mean_share = follower(frame_s, ONSET_MEAN_S);
    t.apart = (uint32_t)(ONSET_APART_S / frame_s) + 1;
    t.reference = RANGE_FLOOR;
    periodicity_start(1.0f / frame_s);
    beat_clock_start(hops_per_s, hops, NOVELTY_DELAY_S);
}

static float sane(float value) {
    return !(value > 0.0f) ? 0.0f : value > STRONGEST ? STRONGEST : value;
}

static void count_onsets(float strength) {
    t.since++;
    if (t.armed && t.since > t.apart && strength > ONSET_LEAST && strength > ONSET_TIMES * t.mean) {
        t.now.onsets++;
        t.since = 0;
        t.armed = false;
    } else if (strength < ONSET_LEAST || strength < t.mean) {
        t.armed = true;
    }
    t.mean += t.mean_share * (strength - t.mean);
}

static void show_novelty(float strength) {
    t.reference *= t.range_fall;
    if (t.reference < RANGE_FLOOR) {
        t.reference = RANGE_FLOOR;
    }
    if (strength > t.reference) {
        t.reference = strength;
    }
    t.now.novelty = to_u16(strength / t.reference);
}

static void follow(const novelty_t *novelty, float strength, bool silence) {
    float groups[NOVELTY_GROUPS];
    for (unsigned group = 0; group < NOVELTY_GROUPS; group++) {
        groups[group] = silence ? 0.0f : sane(novelty->groups[group]);
    }
    periodicity_process(groups);
    const periodicity_t found = periodicity_result();
    if (!silence) {
        float target = (found.strength - DOUBTFUL) * (1.0f / (CERTAIN - DOUBTFUL));
        target = target < 0.0f ? 0.0f : target > 1.0f ? 1.0f : target;
        t.confidence += t.rise * (target - t.confidence);
    }
    if (t.confidence > FOUND) {
        t.now.bpm_x100 = (uint16_t)(found.bpm * 100.0f + 0.5f);
    }
    beat_clock_frame(strength, (float)t.now.bpm_x100 * 0.01f);
}

void tempo_process(const novelty_t *novelty, bool silence, tempo_t *out) {
    if (novelty->fresh) {
        const float strength = silence ? 0.0f : sane(novelty->strength);
        count_onsets(strength);
        show_novelty(strength);
        follow(novelty, strength, silence);
    }
    if (silence) {
        t.confidence -= t.forget * t.confidence;
        t.now.novelty = 0;
    }
    t.now.confidence = to_u16(t.confidence);
    beat_clock_advance(&t.now.phase, &t.now.beat);
    *out = t.now;
}
