// Amplitudes -> the 16-bit values lights are made of: noise floor off, attack and release, auto-range.
//
// Noise floor, one per value: follows falling magnitudes within a second and climbs 1.5 dB/s, never above -54 dB of
// full scale, so a new noise is learned within the minute. Three times the floor is taken off: 0.6 % of full scale at
// most, which a loud held note does not notice and a held one near -44 dB fades under, as noise does.
//
// Attack and release: one-pole followers of what is left, with a time constant for each direction.
//
// Auto-range, one per group of values: follows the loudest (30 ms up, `recovery` down) and never goes below `floor`:
// the quiet room left after the noise floor stays dark instead of being stretched to full brightness. Above the range
// the output saturates at 65535.
#ifndef LIGHTWAVE_LEVELS_H
#define LIGHTWAVE_LEVELS_H

#include <stdint.h>

typedef struct {
    float attack, release; // of a value
    float floor;           // of a range, 1.0 = full scale
    float recovery;        // of a range
} levels_settings_t;       // times in seconds

typedef struct {
    float noise; // learned floor
    float value; // above it, smoothed
} level_t;

typedef struct {
    float reference; // what reads 65535
} range_t;

void levels_start(float hop_s, const levels_settings_t *settings);
void level_reset(level_t *level);
void range_reset(range_t *range);

// Once per hop. Returns how far the magnitude is above the noise, before smoothing; 0 if it is not.
float level_follow(level_t *level, float magnitude);

// Once per hop with the largest of the group's magnitudes above their noise. Returns what to multiply values by: 1 / reference.
float range_follow(range_t *range, float largest);

#endif
