// The settings of the analysis: names, limits and defaults.
#ifndef LIGHTWAVE_SETTINGS_H
#define LIGHTWAVE_SETTINGS_H

#include <stdint.h>

// An array of int32 in this order. The first two are always given, the rest may keep their defaults.
enum {
    ANALYSIS_RATE,        // samples per second
    ANALYSIS_HOP,         // samples per hop, a multiple of ANALYSIS_HOP_STEP
    ANALYSIS_LOWEST_CHZ,  // frequency of the lowest bin in hundredths of a hertz; 11000 is A2
    ANALYSIS_GAIN_DB,     // input gain
    ANALYSIS_ATTACK_MS,   // a bin's and a band's time constant upwards; 0 = at once
    ANALYSIS_RELEASE_MS,  // and downwards
    ANALYSIS_RANGE_DB,    // of full scale: what is softer stays dimmer than full brightness even in a quiet room
    ANALYSIS_RECOVERY_MS, // the auto-range's time constant after a loud passage
    ANALYSIS_SETTINGS
};

#define ANALYSIS_RATE_MIN 12000
#define ANALYSIS_RATE_MAX 48000
#define ANALYSIS_HOP_STEP 64
#define ANALYSIS_HOP_MIN 64
#define ANALYSIS_HOP_MAX 256

typedef struct {
    const char *name;
    int32_t min, max, standard;
} setting_t;

extern const setting_t analysis_settings[ANALYSIS_SETTINGS];

// NULL, or a text that names the setting and its limit; it stays until the next refusal. Besides each setting's own
// limits, the highest bin must stay below 36 % of the rate, which bounds the lowest one.
const char *settings_refusal(const int32_t settings[ANALYSIS_SETTINGS]);

// Fill in a complete array from its first `count` entries and the defaults.
void settings_complete(const int32_t *given, unsigned count, int32_t settings[ANALYSIS_SETTINGS]);

#endif
