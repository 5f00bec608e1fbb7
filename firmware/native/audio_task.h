// The microphone on the other core: reads blocks, analyses hops, publishes snapshots, all without Python. A hop is
// analysed as soon as its last block has come, so a sample waits for its snapshot one hop at most and the analysis.
//
// It feeds the same analysis and the same snapshot as audio_process does on a stock board, so only one of the two may
// run; the binding sees to that. start and stop must not overlap each other; stats may be read at any time.
#ifndef LIGHTWAVE_AUDIO_TASK_H
#define LIGHTWAVE_AUDIO_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "audio_port.h"
#include "settings.h"

enum {
    AUDIO_BUSY = -1, // the driver hangs in an earlier run
    AUDIO_NO_TASK = -2,
    AUDIO_FAILED = -3, // the driver refused; its own code is in the statistics
    AUDIO_REFUSED = -4, // the settings; settings_refusal says why
};

typedef struct {
    uint32_t hops;
    uint32_t blocks;
    uint32_t overruns; // blocks lost
    uint32_t errors;   // reads that failed
    uint32_t clips;    // hops in which the microphone clipped
    uint32_t latency_max_us; // last sample's arrival to publication
    uint32_t latency_p99_us;
    int32_t last_error; // the driver's, 0 = none so far
} audio_task_stats_t;

// Returns when the microphone runs. 0 or one of the codes above. A start while running stops first. The statistics
// begin anew. source->rate is the settings'.
int audio_task_start(const audio_source_t *source, const int32_t settings[ANALYSIS_SETTINGS]);

// Ends within a block's time; the snapshot is silence then. False when the driver hangs.
bool audio_task_stop(void);

bool audio_task_running(void);
audio_task_stats_t audio_task_stats(void);

#endif
