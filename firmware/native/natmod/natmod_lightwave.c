// `_lightwave` as a loadable module: the audio kernels for a board that runs stock MicroPython.
//
// The same functions as the built-in module (../modlightwave.c) as far as a loadable one can have them: no task of
// its own on the other core, no LED port. audio_process keeps the GIL (the run-time table of loadable modules has no
// way to give it up), so it is called with one DMA block at a time. Messages of errors carry no numbers, for the same
// reason; only those of the settings, which the analysis words itself, do.
#include <string.h>

#include "py/dynruntime.h"

#include "analysis.h"
#include "snapshot.h"

#define TICKS_MASK 0x3fffffff // time.ticks_us(): modulo 2^30

static struct {
    mp_obj_t ticks_us; // time.ticks_us; the garbage collector sees a loadable module's statics
    uint32_t rate;     // 0 while stopped
    uint32_t hop;
    uint32_t hops;
    uint32_t clips; // hops in which the microphone clipped
} audio;

static uint32_t ticks_us(void) {
    return (uint32_t)MP_OBJ_SMALL_INT_VALUE(mp_call_function_n_kw(audio.ticks_us, 0, 0, NULL)) & TICKS_MASK;
}

static void writable_buffer(mp_obj_t buf_in, mp_buffer_info_t *buf, size_t min) {
    mp_get_buffer_raise(buf_in, buf, MP_BUFFER_WRITE);
    if (buf->len < min) {
        mp_raise_ValueError("buf: too short");
    }
}

static void audio_reset(void) {
    audio.rate = audio.hop = audio.hops = audio.clips = 0;
    snapshot_reset();
}

// audio_start(rate, hop[, settings]): forget the past; the snapshot is silence until the first hop. settings: a buffer
// of int32 (array "i") in the order of settings.h, from the third on; what it does not reach keeps its default.
static mp_obj_t mod_audio_start(size_t n_args, const mp_obj_t *args) {
    int32_t given[ANALYSIS_SETTINGS], settings[ANALYSIS_SETTINGS];
    unsigned count = 2;
    given[ANALYSIS_RATE] = (int32_t)mp_obj_get_int(args[0]);
    given[ANALYSIS_HOP] = (int32_t)mp_obj_get_int(args[1]);
    if (n_args > 2) {
        mp_buffer_info_t buf;
        mp_get_buffer_raise(args[2], &buf, MP_BUFFER_READ);
        if (buf.len % sizeof(int32_t) != 0 || buf.len > (ANALYSIS_SETTINGS - count) * sizeof(int32_t)) {
            mp_raise_ValueError("settings: not int32, or too many");
        }
        memcpy(given + count, buf.buf, buf.len);
        count += (unsigned)(buf.len / sizeof(int32_t));
    }
    settings_complete(given, count, settings);
    const char *refusal = analysis_start(settings);
    if (refusal != NULL) {
        mp_raise_ValueError(refusal);
    }
    audio_reset();
    audio.rate = (uint32_t)settings[ANALYSIS_RATE];
    audio.hop = (uint32_t)settings[ANALYSIS_HOP];
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_audio_start_obj, 2, 3, mod_audio_start);

// audio_stop(): the snapshot returns to silence, so the lights do not freeze on the last sound.
static mp_obj_t mod_audio_stop(void) {
    audio_reset();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_audio_stop_obj, mod_audio_stop);

static void process_hops(const int32_t *samples, uint32_t hops, uint32_t captured_us) {
    snapshot_t snapshot;
    for (uint32_t left = hops; left-- > 0; samples += audio.hop) {
        uint32_t newer_us = (uint32_t)((uint64_t)left * audio.hop * 1000000 / audio.rate);
        analysis_process(samples, &snapshot);
        snapshot.hop = ++audio.hops;
        snapshot.captured_us = (captured_us - newer_us) & TICKS_MASK;
        snapshot.published_us = ticks_us();
        snapshot_publish(&snapshot);
        audio.clips += snapshot.flags & SNAPSHOT_FLAG_CLIPPED;
    }
}

// audio_process(buf, captured_us) -> hops: buf holds int32 samples, one or more whole hops; captured_us is
// ticks_us() when the last of them arrived.
static mp_obj_t mod_audio_process(mp_obj_t buf_in, mp_obj_t captured_in) {
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_READ);
    uint32_t captured_us = (uint32_t)mp_obj_get_int_truncated(captured_in);
    if (audio.rate == 0) {
        mp_raise_msg(&mp_type_RuntimeError, "audio_process before audio_start");
    }
    uint32_t hop_bytes = audio.hop * sizeof(int32_t);
    if (buf.len == 0 || buf.len % hop_bytes != 0) {
        mp_raise_ValueError("buf: not a multiple of a hop");
    }
    if ((uintptr_t)buf.buf % sizeof(int32_t) != 0) {
        mp_raise_ValueError("buf: samples must start on a 4-byte boundary");
    }
    uint32_t hops = (uint32_t)(buf.len / hop_bytes);
    process_hops(buf.buf, hops, captured_us);
    return MP_OBJ_NEW_SMALL_INT(hops);
}
static MP_DEFINE_CONST_FUN_OBJ_2(mod_audio_process_obj, mod_audio_process);

static mp_obj_t mod_snapshot_size(void) {
    return MP_OBJ_NEW_SMALL_INT(sizeof(snapshot_t));
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_snapshot_size_obj, mod_snapshot_size);

// snapshot_read(buf) -> bool: on False buf keeps its old content.
static mp_obj_t mod_snapshot_read(mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    writable_buffer(buf_in, &buf, sizeof(snapshot_t));
    return mp_obj_new_bool(snapshot_read(buf.buf));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_snapshot_read_obj, mod_snapshot_read);

// audio_stats(buf): five u32, all since audio_start: hops, retries, failures, torn, clips.
static mp_obj_t mod_audio_stats(mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    snapshot_counts_t counts = snapshot_counts();
    uint32_t stats[] = {audio.hops, counts.retries, counts.failures, counts.torn, audio.clips};
    writable_buffer(buf_in, &buf, sizeof(stats));
    memcpy(buf.buf, stats, sizeof(stats));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_audio_stats_obj, mod_audio_stats);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    (void)n_args;
    (void)n_kw;
    (void)args;
    mp_obj_t time = mp_import_name(MP_QSTR_time, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    audio.ticks_us = mp_load_attr(time, MP_QSTR_ticks_us);
    audio_reset();

    mp_store_global(MP_QSTR_audio_start, MP_OBJ_FROM_PTR(&mod_audio_start_obj));
    mp_store_global(MP_QSTR_audio_stop, MP_OBJ_FROM_PTR(&mod_audio_stop_obj));
    mp_store_global(MP_QSTR_audio_process, MP_OBJ_FROM_PTR(&mod_audio_process_obj));
    mp_store_global(MP_QSTR_audio_stats, MP_OBJ_FROM_PTR(&mod_audio_stats_obj));
    mp_store_global(MP_QSTR_snapshot_size, MP_OBJ_FROM_PTR(&mod_snapshot_size_obj));
    mp_store_global(MP_QSTR_snapshot_read, MP_OBJ_FROM_PTR(&mod_snapshot_read_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
