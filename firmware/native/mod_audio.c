// audio_*: the analysis fed by Python (audio_start, audio_process: stock boards) or by a task of its own
// (audio_task_*). Both publish the same snapshot, so one runs at a time.
#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "analysis.h"
#include "audio_task.h"
#include "mod_lightwave.h"
#include "snapshot.h"
#include "worker.h"

// Statics survive a soft reset, so the module's __init__ sets them back. Changed only with the GIL held.
static struct {
    uint32_t rate; // 0 while stopped
    uint32_t hop;
    uint32_t hops;
    uint32_t clips; // hops in which the microphone clipped
    const char *busy; // the call that runs in another thread without the GIL, NULL when none
} audio;

static uint32_t ticks_us(void) {
    return (uint32_t)mp_hal_ticks_us() & WORKER_TICKS_MASK;
}

static void refuse_while_busy(void) {
    if (audio.busy != NULL) {
        mp_raise_msg_varg(&mp_type_RuntimeError, MP_ERROR_TEXT("%s is running in another thread"), audio.busy);
    }
}

static void refuse_beside_the_task(void) {
    refuse_while_busy();
    if (audio_task_running()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the audio task is running; call audio_task_stop first"));
    }
}

void mod_audio_reset(void) {
    audio_task_stop();
    memset(&audio, 0, sizeof(audio));
    snapshot_reset();
}

// ---- settings ---------------------------------------------------------------------------------------------------

// args: rate, hop and perhaps a buffer of int32 (array "i") with the further settings in the order of settings.h; what
// it does not reach keeps its default. ValueError names the setting and its limit.
static void take_settings(size_t n_args, const mp_obj_t *args, int32_t settings[ANALYSIS_SETTINGS]) {
    int32_t given[ANALYSIS_SETTINGS];
    size_t count = 2;
    given[ANALYSIS_RATE] = (int32_t)mp_obj_get_int(args[0]);
    given[ANALYSIS_HOP] = (int32_t)mp_obj_get_int(args[1]);
    if (n_args > 2) {
        mp_buffer_info_t buf;
        mp_get_buffer_raise(args[2], &buf, MP_BUFFER_READ);
        size_t more = buf.len / sizeof(int32_t);
        if (buf.len % sizeof(int32_t) != 0 || count + more > ANALYSIS_SETTINGS) {
            mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("settings: %u bytes are not at most %u int32"),
                (unsigned)buf.len, (unsigned)(ANALYSIS_SETTINGS - count));
        }
        memcpy(given + count, buf.buf, buf.len);
        count += more;
    }
    settings_complete(given, count, settings);
    const char *refusal = settings_refusal(settings);
    if (refusal != NULL) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s"), refusal);
    }
}

// ---- fed by Python --------------------------------------------------------------------------------------------

// audio_start(rate, hop[, settings]): forget the past; the snapshot is silence until the first hop. settings: as below.
static mp_obj_t mod_audio_start(size_t n_args, const mp_obj_t *args) {
    int32_t settings[ANALYSIS_SETTINGS];
    take_settings(n_args, args, settings);
    refuse_beside_the_task();
    mod_audio_reset();
    analysis_start(settings);
    audio.rate = (uint32_t)settings[ANALYSIS_RATE];
    audio.hop = (uint32_t)settings[ANALYSIS_HOP];
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_audio_start_obj, 2, 3, mod_audio_start);

// audio_stop(): the snapshot returns to silence, so the lights do not freeze on the last sound.
static mp_obj_t mod_audio_stop(void) {
    refuse_beside_the_task();
    mod_audio_reset();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_audio_stop_obj, mod_audio_stop);

// Analyse and publish whole hops; returns how many clipped. Runs without the GIL: touches nothing of Python,
// and of `audio` reads only what audio_start set.
static uint32_t process_hops(const int32_t *samples, uint32_t first_hop, uint32_t hops, uint32_t captured_us) {
    snapshot_t snapshot;
    uint32_t clips = 0;
    for (uint32_t i = 0; i < hops; i++) {
        analysis_process(samples + i * audio.hop, &snapshot);
        uint32_t newer = (hops - 1 - i) * audio.hop; // samples of the buffer that arrived after this hop
        uint32_t newer_us = (uint32_t)((uint64_t)newer * 1000000 / audio.rate);
        snapshot.hop = first_hop + i;
        snapshot.captured_us = (captured_us - newer_us) & WORKER_TICKS_MASK;
        snapshot.published_us = ticks_us();
        snapshot_publish(&snapshot);
        clips += snapshot.flags & SNAPSHOT_FLAG_CLIPPED;
    }
    return clips;
}

// audio_process(buf, captured_us) -> hops: buf holds int32 samples, one or more whole hops; captured_us is
// ticks_us() when the last of them arrived. One thread feeds; buf must not be resized by another meanwhile.
static mp_obj_t mod_audio_process(mp_obj_t buf_in, mp_obj_t captured_in) {
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_READ);
    uint32_t captured_us = (uint32_t)mp_obj_get_int_truncated(captured_in);
    if (audio.rate == 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("audio_process before audio_start"));
    }
    size_t hop_bytes = audio.hop * sizeof(int32_t);
    if (buf.len == 0 || buf.len % hop_bytes != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("buf: %u bytes is not a multiple of a hop's %u"),
            (unsigned)buf.len, (unsigned)hop_bytes);
    }
    if ((uintptr_t)buf.buf % sizeof(int32_t) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("buf: samples must start on a 4-byte boundary"));
    }
    refuse_while_busy();
    uint32_t hops = (uint32_t)(buf.len / hop_bytes);
    audio.busy = "audio_process";
    MP_THREAD_GIL_EXIT();
    uint32_t clips = process_hops(buf.buf, audio.hops + 1, hops, captured_us);
    MP_THREAD_GIL_ENTER();
    audio.hops += hops;
    audio.clips += clips;
    audio.busy = NULL;
    return MP_OBJ_NEW_SMALL_INT(hops);
}
MP_DEFINE_CONST_FUN_OBJ_2(mod_audio_process_obj, mod_audio_process);

// audio_stats(buf): five u32, all since the start of whichever feeds: hops, retries, failures, torn, clips.
static mp_obj_t mod_audio_stats(mp_obj_t buf_in) {
    snapshot_counts_t counts = snapshot_counts();
    audio_task_stats_t task = audio_task_stats();
    bool by_task = audio.rate == 0;
    const uint32_t values[] = {
        by_task ? task.hops : audio.hops, counts.retries, counts.failures, counts.torn,
        by_task ? task.clips : audio.clips,
    };
    mod_store_u32(buf_in, values, MP_ARRAY_SIZE(values));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_audio_stats_obj, mod_audio_stats);

// ---- a task of its own ----------------------------------------------------------------------------------------

static void raise_task_error(int error) {
    if (error == AUDIO_BUSY) {
        mp_raise_OSError(MP_EBUSY);
    }
    if (error == AUDIO_NO_TASK) {
        mp_raise_OSError(MP_ENOMEM);
    }
    mp_raise_msg_varg(&mp_type_OSError, MP_ERROR_TEXT("I2S driver: error 0x%x"), (int)audio_task_stats().last_error);
}

// audio_task_start(sck, ws, sd, rate, hop[, settings]): from now on the snapshot follows the microphone whatever Python
// does. hop 128 is 8 ms at 16 kHz.
static mp_obj_t mod_audio_task_start(size_t n_args, const mp_obj_t *args) {
    audio_source_t source;
    int32_t settings[ANALYSIS_SETTINGS];
    source.sck = (int)mod_checked_int(args[0], "sck", 0, MOD_PIN_MAX);
    source.ws = (int)mod_checked_int(args[1], "ws", 0, MOD_PIN_MAX);
    source.sd = (int)mod_checked_int(args[2], "sd", 0, MOD_PIN_MAX);
    take_settings(n_args - 3, args + 3, settings);
    source.rate = (uint32_t)settings[ANALYSIS_RATE];
    refuse_while_busy();
    memset(&audio, 0, sizeof(audio));
    audio.busy = "audio_task_start";
    MP_THREAD_GIL_EXIT();
    int error = audio_task_start(&source, settings);
    MP_THREAD_GIL_ENTER();
    audio.busy = NULL;
    if (error != 0) {
        raise_task_error(error);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_audio_task_start_obj, 5, 6, mod_audio_task_start);

// audio_task_stop(): within a block's time; the snapshot returns to silence. Nothing happens when it is not running.
static mp_obj_t mod_audio_task_stop(void) {
    refuse_while_busy();
    audio.busy = "audio_task_stop";
    MP_THREAD_GIL_EXIT();
    bool stopped = audio_task_stop();
    MP_THREAD_GIL_ENTER();
    audio.busy = NULL;
    if (!stopped) {
        mp_raise_OSError(MP_EBUSY);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_audio_task_stop_obj, mod_audio_task_stop);

// audio_task_stats(buf): eight u32, all since audio_task_start: blocks, overruns (blocks lost), the task's free stack
// (bytes), its core, errors, the driver's last error, latency from a hop's last sample to its snapshot max and p99 (us).
static mp_obj_t mod_audio_task_stats(mp_obj_t buf_in) {
    audio_task_stats_t now = audio_task_stats();
    const uint32_t values[] = {
        now.blocks, now.overruns, worker_stack_free(WORKER_AUDIO), (uint32_t)worker_core(WORKER_AUDIO), now.errors,
        (uint32_t)now.last_error, now.latency_max_us, now.latency_p99_us,
    };
    mod_store_u32(buf_in, values, MP_ARRAY_SIZE(values));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_audio_task_stats_obj, mod_audio_task_stats);
