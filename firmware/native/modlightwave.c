// `_lightwave`: the kernels as MicroPython sees them. Only lightwave_hw imports it.
//
// Everything but audio_start, audio_stop and raised errors is allocation-free and may run with the heap locked.
// One thread feeds audio_process; any thread may read the snapshot.
#include <stdint.h>
#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "goertzel.h"
#include "snapshot.h"

#define TICKS_MASK 0x3fffffff // time.ticks_us() on the boards and on the SIM: modulo 2^30

// Statics survive a soft reset, so the module's __init__ sets them back. Changed only with the GIL held.
static struct {
    uint32_t rate; // 0 while stopped
    uint32_t hop;
    uint32_t hops;
    uint32_t clips; // hops in which the microphone clipped
    bool processing;
} audio;

static uint32_t ticks_us(void) {
    return (uint32_t)mp_hal_ticks_us() & TICKS_MASK;
}

static uint32_t checked_int(mp_obj_t value_in, const char *field, uint32_t min, uint32_t max) {
    mp_int_t value = mp_obj_get_int(value_in);
    if (value < (mp_int_t)min || value > (mp_int_t)max) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %d is not in %u..%u"), field, (int)value,
            (unsigned)min, (unsigned)max);
    }
    return (uint32_t)value;
}

static void writable_buffer(mp_obj_t buf_in, mp_buffer_info_t *buf, size_t min) {
    mp_get_buffer_raise(buf_in, buf, MP_BUFFER_WRITE);
    if (buf->len < min) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("buf: %u bytes, needs at least %u"),
            (unsigned)buf->len, (unsigned)min);
    }
}

static void refuse_while_processing(void) {
    if (audio.processing) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("audio_process is running in another thread"));
    }
}

static void audio_reset(void) {
    memset(&audio, 0, sizeof(audio));
    snapshot_reset();
}

static mp_obj_t mod_init(void) {
    audio_reset(); // after a soft reset: a thread may have died inside audio_process
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_init_obj, mod_init);

// audio_start(rate, hop): forget the past; the snapshot is silence until the first hop.
static mp_obj_t mod_audio_start(mp_obj_t rate_in, mp_obj_t hop_in) {
    uint32_t rate = checked_int(rate_in, "rate", GOERTZEL_RATE_MIN, GOERTZEL_RATE_MAX);
    uint32_t hop = checked_int(hop_in, "hop", GOERTZEL_HOP_MIN, GOERTZEL_HOP_MAX);
    refuse_while_processing();
    audio_reset();
    goertzel_start(rate, hop);
    audio.rate = rate;
    audio.hop = hop;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(mod_audio_start_obj, mod_audio_start);

// audio_stop(): the snapshot returns to silence, so the lights do not freeze on the last sound.
static mp_obj_t mod_audio_stop(void) {
    refuse_while_processing();
    audio_reset();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_audio_stop_obj, mod_audio_stop);

// Analyse and publish whole hops; returns how many clipped. Runs without the GIL: touches nothing of Python,
// and of `audio` reads only what audio_start set.
static uint32_t process_hops(const int32_t *samples, uint32_t first_hop, uint32_t hops, uint32_t captured_us) {
    snapshot_t snapshot;
    uint32_t clips = 0;
    for (uint32_t i = 0; i < hops; i++) {
        goertzel_process(samples + i * audio.hop, &snapshot);
        uint32_t newer = (hops - 1 - i) * audio.hop; // samples of the buffer that arrived after this hop
        uint32_t newer_us = (uint32_t)((uint64_t)newer * 1000000 / audio.rate);
        snapshot.hop = first_hop + i;
        snapshot.captured_us = (captured_us - newer_us) & TICKS_MASK;
        snapshot.published_us = ticks_us();
        snapshot_publish(&snapshot);
        clips += snapshot.flags & SNAPSHOT_FLAG_CLIPPED;
    }
    return clips;
}

// audio_process(buf, captured_us) -> hops: buf holds int32 samples, one or more whole hops; captured_us is
// ticks_us() when the last of them arrived. buf must not be resized by another thread meanwhile.
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
    refuse_while_processing();
    uint32_t hops = (uint32_t)(buf.len / hop_bytes);
    audio.processing = true;
    MP_THREAD_GIL_EXIT();
    uint32_t clips = process_hops(buf.buf, audio.hops + 1, hops, captured_us);
    MP_THREAD_GIL_ENTER();
    audio.hops += hops;
    audio.clips += clips;
    audio.processing = false;
    return MP_OBJ_NEW_SMALL_INT(hops);
}
static MP_DEFINE_CONST_FUN_OBJ_2(mod_audio_process_obj, mod_audio_process);

static mp_obj_t mod_snapshot_size(void) {
    return MP_OBJ_NEW_SMALL_INT(sizeof(snapshot_t));
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_snapshot_size_obj, mod_snapshot_size);

// snapshot_read(buf) -> bool: on False (the writer was in the way too long) buf keeps its old content.
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

// recv_into(stream, buf) -> bytes, or -1 when nothing came (would block, or timed out): one read, so on a UDP
// socket one whole datagram, which neither readinto (it goes on until buf is full) nor recv (it allocates)
// offers. 0 is a zero-length datagram, or the end of a connection. What does not fit in buf is lost: give it
// a byte more than the largest datagram to be able to tell.
static mp_obj_t mod_recv_into(mp_obj_t stream_in, mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    writable_buffer(buf_in, &buf, 1);
    int error = 0;
    mp_uint_t got = mp_get_stream_raise(stream_in, MP_STREAM_OP_READ)->read(stream_in, buf.buf, buf.len, &error);
    if (got != MP_STREAM_ERROR) {
        return MP_OBJ_NEW_SMALL_INT(got);
    }
    if (mp_is_nonblocking_error(error) || error == MP_ETIMEDOUT) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    mp_raise_OSError(error);
}
static MP_DEFINE_CONST_FUN_OBJ_2(mod_recv_into_obj, mod_recv_into);

static const mp_rom_map_elem_t lightwave_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__lightwave) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&mod_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_start), MP_ROM_PTR(&mod_audio_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_stop), MP_ROM_PTR(&mod_audio_stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_process), MP_ROM_PTR(&mod_audio_process_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_stats), MP_ROM_PTR(&mod_audio_stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_snapshot_size), MP_ROM_PTR(&mod_snapshot_size_obj) },
    { MP_ROM_QSTR(MP_QSTR_snapshot_read), MP_ROM_PTR(&mod_snapshot_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&mod_recv_into_obj) },
};
static MP_DEFINE_CONST_DICT(lightwave_globals, lightwave_globals_table);

const mp_obj_module_t lightwave_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&lightwave_globals,
};

MP_REGISTER_MODULE(MP_QSTR__lightwave, lightwave_module);
