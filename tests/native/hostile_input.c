// Built with sanitizers: reaching the end is the test. Every rate and hop, settings at their limits.
#include <stdint.h>
#include <stdio.h>

#include "analysis.h"

static uint32_t noise_state = 1;

static uint32_t noise(void) {
    noise_state = noise_state * 1664525u + 1013904223u;
    return noise_state ^ (noise_state >> 16);
}

static int32_t sample(unsigned kind, uint32_t i) {
    static const int32_t extremes[] = {INT32_MIN, INT32_MAX, INT32_MIN + 1, 0, 0x7fc00000, -1};
    switch (kind) {
        case 0:
            return (int32_t)noise();
        case 1:
            return i / 73 % 2 ? INT32_MAX : INT32_MIN;
        case 2:
            return i % 997 == 0 ? INT32_MIN : 0;
        case 3:
            return extremes[noise() % 6];
        case 4:
            return (int32_t)(noise() % 3) - 1;
        default:
            return INT32_MIN;
    }
}

int main(void) {
    static const int32_t rates[] = {ANALYSIS_RATE_MIN, 16000, 32000, ANALYSIS_RATE_MAX};
    int32_t samples[ANALYSIS_HOP_MAX], settings[ANALYSIS_SETTINGS];
    snapshot_t snapshot;
    unsigned runs = 0;
    for (unsigned run = 0; run < 16; run++) {
        for (unsigned i = 0; i < ANALYSIS_SETTINGS; i++) {
            settings[i] = run % 3 == 1 ? analysis_settings[i].max : analysis_settings[i].min;
        }
        settings[ANALYSIS_RATE] = rates[run / 4];
        settings[ANALYSIS_HOP] = 64 * (int32_t)(run % 4 + 1);
        if (run % 3 == 2) { // the lowest bin's upper limit depends on the rate; 94 % of a hertz per hertz stays below it
            settings[ANALYSIS_LOWEST_CHZ] = rates[run / 4] * 94 / 100 > 44000 ? 44000 : rates[run / 4] * 94 / 100;
        } else {
            settings[ANALYSIS_LOWEST_CHZ] = 5500;
        }
        runs += analysis_start(settings) == NULL;
        for (uint32_t i = 0; i < 600; i++) {
            unsigned kind = i / 60 % 6;
            for (uint32_t j = 0; j < (uint32_t)settings[ANALYSIS_HOP]; j++) {
                samples[j] = sample(kind, i * 64 + j);
            }
            analysis_process(samples, &snapshot);
        }
    }
    settings[ANALYSIS_HOP] = INT32_MIN;
    runs -= analysis_start(settings) == NULL;
    printf("runs=%u\n", runs);
    return 0;
}
