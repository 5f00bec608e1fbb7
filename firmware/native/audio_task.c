#include "audio_task.h"

#include <stdatomic.h>
#include <string.h>

#include "analysis.h"
#include "durations.h"
#include "snapshot.h"
#include "worker.h"

#define STOP_TIMEOUT_MS 500
#define OPEN_TIMEOUT_MS 500
#define OPENING INT32_MIN // no driver's error code

static struct {
    bool running;
    atomic_bool stop;
    audio_source_t source;
    uint32_t hop;
    int32_t samples[ANALYSIS_HOP_MAX]; // the hop being filled
    _Atomic int32_t opened;            // audio_port_open's answer
    _Atomic uint32_t hops, blocks, overruns, errors, clips;
    _Atomic int32_t last_error;
    durations_t latency;
} task;

static void set(_Atomic uint32_t *counter, uint32_t value) {
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static uint32_t get(_Atomic uint32_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

// ---- the worker -----------------------------------------------------------------------------------------------

static void analyse(int64_t captured_us) {
    snapshot_t snapshot;
    analysis_process(task.samples, &snapshot);
    int64_t published_us = worker_now_us();
    uint32_t hops = get(&task.hops) + 1;
    snapshot.hop = hops;
    snapshot.captured_us = (uint32_t)captured_us & WORKER_TICKS_MASK;
    snapshot.published_us = (uint32_t)published_us & WORKER_TICKS_MASK;
    snapshot_publish(&snapshot);
    set(&task.hops, hops);
    set(&task.clips, get(&task.clips) + (snapshot.flags & SNAPSHOT_FLAG_CLIPPED));
    durations_add(&task.latency, published_us - captured_us);
}

static void run(void) {
    int error = audio_port_open(&task.source);
    atomic_store_explicit(&task.opened, error, memory_order_release);
    if (error != 0) {
        return;
    }
    uint32_t filled = 0;
    while (!atomic_load_explicit(&task.stop, memory_order_acquire)) {
        int64_t captured_us;
        error = audio_port_read(task.samples + filled, &captured_us);
        if (error != 0) {
            atomic_store_explicit(&task.last_error, error, memory_order_relaxed);
            set(&task.errors, get(&task.errors) + 1);
            continue;
        }
        set(&task.blocks, get(&task.blocks) + 1);
        set(&task.overruns, audio_port_overruns());
        filled += AUDIO_BLOCK_FRAMES;
        if (filled == task.hop) {
            analyse(captured_us);
            filled = 0;
        }
    }
    audio_port_close();
}

// ---- start and stop -------------------------------------------------------------------------------------------

_Static_assert(ANALYSIS_HOP_STEP % AUDIO_BLOCK_FRAMES == 0, "a hop is a whole number of blocks");

static void reset(const audio_source_t *source, uint32_t hop) {
    task.source = *source;
    task.hop = hop;
    atomic_store(&task.stop, false);
    atomic_store(&task.opened, OPENING);
    set(&task.hops, 0);
    set(&task.blocks, 0);
    set(&task.overruns, 0);
    set(&task.errors, 0);
    set(&task.clips, 0);
    atomic_store(&task.last_error, 0);
    durations_clear(&task.latency);
    snapshot_reset();
}

static int await_open(void) {
    for (uint32_t waited_ms = 0; waited_ms < OPEN_TIMEOUT_MS; waited_ms++) {
        int error = atomic_load_explicit(&task.opened, memory_order_acquire);
        if (error != OPENING) {
            return error;
        }
        worker_sleep_ms(1);
    }
    return OPENING;
}

int audio_task_start(const audio_source_t *source, const int32_t settings[ANALYSIS_SETTINGS]) {
    if (!audio_task_stop()) {
        return AUDIO_BUSY;
    }
    if (analysis_start(settings) != NULL || source->rate != (uint32_t)settings[ANALYSIS_RATE]) {
        return AUDIO_REFUSED;
    }
    reset(source, (uint32_t)settings[ANALYSIS_HOP]);
    if (!worker_start(WORKER_AUDIO, run)) {
        return AUDIO_NO_TASK;
    }
    task.running = true;
    int error = await_open();
    if (error != 0) {
        audio_task_stop();
        atomic_store(&task.last_error, error);
        return AUDIO_FAILED;
    }
    return 0;
}

bool audio_task_stop(void) {
    if (!task.running) {
        return true;
    }
    atomic_store_explicit(&task.stop, true, memory_order_release);
    if (!worker_join(WORKER_AUDIO, STOP_TIMEOUT_MS)) {
        return false;
    }
    task.running = false;
    snapshot_reset();
    return true;
}

bool audio_task_running(void) {
    return task.running;
}

audio_task_stats_t audio_task_stats(void) {
    durations_summary_t latency = durations_summary(&task.latency);
    audio_task_stats_t stats = {
        .hops = get(&task.hops),
        .blocks = get(&task.blocks),
        .overruns = get(&task.overruns),
        .errors = get(&task.errors),
        .clips = get(&task.clips),
        .latency_max_us = latency.max,
        .latency_p99_us = latency.p99,
        .last_error = atomic_load_explicit(&task.last_error, memory_order_relaxed),
    };
    return stats;
}
