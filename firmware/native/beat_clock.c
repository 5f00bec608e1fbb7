#include "beat_clock.h"

#include <string.h>

#define SCORES 256 // frames; longer than a beat and a bit at 50 BPM and 126 frames per second
#define HALF_SPEED 0.5f
#define KEPT 0.9f           // of a score that came from the beats before
#define WIDE 0.1f           // how far from one beat ago these are looked for, in beats
#define FAR 6.0f            // and what they lose there, times the square of the distance
#define EXPECTED 0.25f      // what a peak loses per beat of distance from the expected one
#define PHASE_GAIN 0.6f     // of the loop, per beat
#define PERIOD_GAIN 0.1f
#define PERIOD_LEAK 0.98f
#define FOLLOW 2.0f         // how fast what is shown goes where it should, per beat and beat of distance
#define PERIOD_MAX 0.03f // how far the loop may go from the measured tempo

static struct {
    float hops_per_frame, frames_per_minute, delay; // delay in frames
    float period;      // frames per beat, of the bank; 0 = none yet
    float bend;        // what the loop adds to it, in shares
    float phase;       // of the newest frame, 0..1, as the scores have it
    bool looked;       // for this beat's peak
    float shown, per_hop;
    uint32_t beat;
    uint32_t frame;
    float score[SCORES];
} c;

void beat_clock_start(float hops_per_s, uint32_t hops_per_frame, float delay_s) {
    memset(&c, 0, sizeof(c));
    c.hops_per_frame = (float)hops_per_frame;
    c.frames_per_minute = 60.0f * hops_per_s / c.hops_per_frame;
    c.delay = delay_s * hops_per_s / c.hops_per_frame;
}

static float wrapped(float beats) { // -1.5..1.5 -> -0.5..0.5
    return beats > 0.5f ? beats - 1.0f : beats < -0.5f ? beats + 1.0f : beats;
}

static float score_at(uint32_t frames_ago) {
    return c.score[(c.frame - frames_ago) % SCORES];
}

// The best score about one beat ago; less, the farther it is from exactly one.
static float best_before(void) {
    const float inverse = 1.0f / c.period;
    const uint32_t first = (uint32_t)(c.period * (1.0f - WIDE)), last = (uint32_t)(c.period * (1.0f + WIDE)) + 1;
    float best = 0.0f, away = ((float)first - c.period) * inverse;
    for (uint32_t ago = first; ago <= last; ago++, away += inverse) {
        float score = score_at(ago) * (1.0f - FAR * away * away);
        if (score > best) {
            best = score;
        }
    }
    return best;
}

// How much later than expected the last beat was, in beats: -0.5..0.5. The expected one was c.phase beats ago.
static float lateness(void) {
    const float inverse = 1.0f / c.period;
    const uint32_t span = (uint32_t)c.period;
    uint32_t peak = 0;
    float best = -1.0f, early = c.phase; // of a frame, in beats from the expected one
    for (uint32_t ago = 0; ago <= span; ago++, early -= inverse) {
        float size = early < 0.0f ? -early : early;
        float score = score_at(ago) * (1.0f - EXPECTED * size);
        if (score > best) {
            best = score;
            peak = ago;
        }
    }
    float place = (float)peak;
    if (peak > 0 && peak < span) {
        float newer = score_at(peak - 1), top = score_at(peak), older = score_at(peak + 1);
        float bow = top + top - newer - older;
        if (bow > 1e-6f * top) {
            float between = 0.5f * (older - newer) / bow;
            place += between > 1.0f ? 1.0f : between < -1.0f ? -1.0f : between;
        }
    }
    return wrapped(c.phase - place * inverse);
}

static void correct(float late) {
    c.phase -= PHASE_GAIN * late;
    c.bend += PERIOD_GAIN * late;
    c.bend = c.bend > PERIOD_MAX ? PERIOD_MAX : c.bend < -PERIOD_MAX ? -PERIOD_MAX : c.bend;
    c.bend *= PERIOD_LEAK;
}

void beat_clock_frame(float strength, float bpm) {
    c.frame++;
    if (bpm <= 0.0f) {
        c.score[c.frame % SCORES] = strength;
        return;
    }
    c.period = c.frames_per_minute / bpm;
    c.score[c.frame % SCORES] = (1.0f - KEPT) * strength + KEPT * best_before();
    const float per_frame = 1.0f / (c.period * (1.0f + c.bend));
    c.phase += per_frame;
    if (c.phase >= 0.5f && !c.looked) {
        c.looked = true;
        correct(lateness());
    }
    if (c.phase >= 1.0f) {
        c.phase -= 1.0f;
        c.looked = false;
    }
    // What is shown is ahead by the delay, and goes there without leaving the range of speeds.
    const float ahead = wrapped(c.phase + c.delay * per_frame - c.shown);
    float speed = 1.0f + FOLLOW * ahead;
    speed = speed > 1.0f + HALF_SPEED ? 1.0f + HALF_SPEED : speed < 1.0f - HALF_SPEED ? 1.0f - HALF_SPEED : speed;
    c.per_hop = speed * per_frame / c.hops_per_frame;
}

void beat_clock_advance(uint16_t *phase, uint32_t *beat) {
    c.shown += c.per_hop;
    if (c.shown >= 1.0f) {
        c.shown -= 1.0f;
        c.beat++;
    }
    *phase = (uint16_t)(c.shown * 65536.0f);
    *beat = c.beat;
}
