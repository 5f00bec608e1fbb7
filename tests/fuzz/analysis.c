// For libFuzzer: settings, then samples, as a microphone of any kind could deliver them. Built with the address and
// undefined-behaviour sanitizers; besides, no output may leave its range.
#include <math.h>
#include <string.h>

#include "analysis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds) {
    if (!holds) {
        __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int32_t settings[ANALYSIS_SETTINGS], samples[ANALYSIS_HOP_MAX];
    snapshot_t snapshot;
    if (size < sizeof settings) {
        return 0;
    }
    memcpy(settings, data, sizeof settings);
    data += sizeof settings;
    size -= sizeof settings;
    if (analysis_start(settings) != NULL) { // half of what is tried, brought within the limits, shall get further
        for (unsigned i = 0; i < ANALYSIS_SETTINGS; i++) {
            const setting_t *limit = &analysis_settings[i];
            settings[i] = limit->min + (int32_t)((uint32_t)settings[i] % (uint32_t)(limit->max - limit->min + 1));
        }
        settings[ANALYSIS_HOP] -= settings[ANALYSIS_HOP] % ANALYSIS_HOP_STEP;
        if (analysis_start(settings) != NULL) {
            return 0;
        }
    }
    size_t bytes = (size_t)settings[ANALYSIS_HOP] * sizeof *samples;
    for (unsigned hops = 0; hops < 64 && size > 0; hops++) {
        size_t part = size < bytes ? size : bytes;
        memset(samples, 0, sizeof samples);
        memcpy(samples, data, part);
        data += part;
        size -= part;
        for (unsigned again = 0; again < 8; again++) { // long enough for the lowest bins to answer
            analysis_process(samples, &snapshot);
        }
        demand(snapshot.bins == SNAPSHOT_BINS && snapshot.flags <= 3);
        demand(snapshot.vu_rms <= snapshot.vu_peak + 1);
        const float *magnitudes = analysis_magnitudes();
        for (unsigned bin = 0; bin < SNAPSHOT_BINS; bin++) {
            demand(isfinite(magnitudes[bin]) && magnitudes[bin] >= 0);
        }
    }
    return 0;
}
