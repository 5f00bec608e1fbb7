#include "levels.h"

#include "fast_math.h"

#define NOISE_START 3e-4f
#define NOISE_MIN 1e-6f
#define NOISE_MAX 2e-3f
#define NOISE_FALL_S 1.0f
#define NOISE_RISE_DB_PER_S 1.5f
#define NOISE_MARGIN 3.0f
#define RANGE_ATTACK_S 0.03f
#define DARK 1e-7f // below a 65535th of the smallest range: would only decay into slow subnormal numbers

static struct {
    float noise_fall, noise_rise;
    float attack, release;
    float range_attack, range_release, range_floor;
} law;

void levels_start(float hop_s, const levels_settings_t *settings) {
    law.noise_fall = follower(hop_s, NOISE_FALL_S);
    law.noise_rise = powf(10.0f, NOISE_RISE_DB_PER_S * hop_s / 20.0f);
    law.attack = follower(hop_s, settings->attack);
    law.release = follower(hop_s, settings->release);
    law.range_attack = follower(hop_s, RANGE_ATTACK_S);
    law.range_release = follower(hop_s, settings->recovery);
    law.range_floor = settings->floor;
}

void level_reset(level_t *level) {
    level->noise = NOISE_START;
    level->value = 0.0f;
}

void range_reset(range_t *range) {
    range->reference = law.range_floor;
}

static float learn(float noise, float magnitude) {
    noise = magnitude < noise ? noise + law.noise_fall * (magnitude - noise) : noise * law.noise_rise;
    if (noise < NOISE_MIN) {
        return NOISE_MIN;
    }
    return noise > NOISE_MAX ? NOISE_MAX : noise;
}

float level_follow(level_t *level, float magnitude) {
    level->noise = learn(level->noise, magnitude);
    float above = magnitude - NOISE_MARGIN * level->noise;
    if (above < 0.0f) {
        above = 0.0f;
    }
    float value = level->value;
    value += (above > value ? law.attack : law.release) * (above - value);
    level->value = value < DARK ? 0.0f : value;
    return above;
}

float range_follow(range_t *range, float largest) {
    float target = largest > law.range_floor ? largest : law.range_floor;
    range->reference += (target > range->reference ? law.range_attack : law.range_release) * (target - range->reference);
    return 1.0f / range->reference;
}
