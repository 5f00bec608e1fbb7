// `_lightwave`: the kernels, the LED port and the audio task as MicroPython sees them. Only lightwave_hw imports it.
//
// What is called while a show runs (process, show, read, done, recv_into, every stats) is allocation-free and may run
// with the heap locked; start, stop and raised errors are not.
#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "led_show.h"
#include "mod_lightwave.h"
#include "snapshot.h"

// ---- arguments ------------------------------------------------------------------------------------------------

uint32_t mod_checked_int(mp_obj_t value_in, const char *field, uint32_t min, uint32_t max) {
    mp_int_t value = mp_obj_get_int(value_in);
    if (value < (mp_int_t)min || value > (mp_int_t)max) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %d is not in %u..%u"), field, (int)value,
            (unsigned)min, (unsigned)max);
    }
    return (uint32_t)value;
}

void mod_writable_buffer(mp_obj_t buf_in, mp_buffer_info_t *buf, size_t min) {
    mp_get_buffer_raise(buf_in, buf, MP_BUFFER_WRITE);
    if (buf->len < min) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("buf: %u bytes, needs at least %u"),
            (unsigned)buf->len, (unsigned)min);
    }
}

void mod_store_u32(mp_obj_t buf_in, const uint32_t *values, size_t count) {
    mp_buffer_info_t buf;
    mod_writable_buffer(buf_in, &buf, count * sizeof(uint32_t));
    memcpy(buf.buf, values, count * sizeof(uint32_t));
}

// ---- life -----------------------------------------------------------------------------------------------------

// The workers and their statics survive a soft reset. The garbage collector's last sweep before one finalises this
// object and so stops them; where no sweep came (a Python thread died with the interpreter), __init__ does it later.
static mp_obj_t guard_del(mp_obj_t self_in) {
    (void)self_in;
    mod_leds_reset();
    mod_audio_reset();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(guard_del_obj, guard_del);

extern const mp_obj_module_t lightwave_module;

static const mp_rom_map_elem_t guard_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&guard_del_obj) },
};
static MP_DEFINE_CONST_DICT(guard_locals, guard_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(guard_type, MP_QSTR_guard, MP_TYPE_FLAG_NONE, locals_dict, &guard_locals);

MP_REGISTER_ROOT_POINTER(void *lightwave_guard);

static mp_obj_t mod_init(void) {
    // MicroPython calls __init__ at every import of a built-in module. Listed among the loaded ones it is found there
    // instead, until a soft reset empties the list.
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)), MP_OBJ_NEW_QSTR(MP_QSTR__lightwave),
        MP_OBJ_FROM_PTR(&lightwave_module));
    mod_leds_reset();
    mod_audio_reset();
    MP_STATE_VM(lightwave_guard) = mp_obj_malloc_with_finaliser(mp_obj_base_t, &guard_type);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_init_obj, mod_init);

// ---- the snapshot, the network --------------------------------------------------------------------------------

static mp_obj_t mod_snapshot_size(void) {
    return MP_OBJ_NEW_SMALL_INT(sizeof(snapshot_t));
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_snapshot_size_obj, mod_snapshot_size);

// snapshot_read(buf) -> bool: on False (the writer was in the way too long) buf keeps its old content.
static mp_obj_t mod_snapshot_read(mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    mod_writable_buffer(buf_in, &buf, sizeof(snapshot_t));
    return mp_obj_new_bool(snapshot_read(buf.buf));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_snapshot_read_obj, mod_snapshot_read);

// recv_into(stream, buf) -> bytes, or -1 when nothing came (would block, or timed out): one read, so on a UDP
// socket one whole datagram, which neither readinto (it goes on until buf is full) nor recv (it allocates)
// offers. 0 is a zero-length datagram, or the end of a connection. What does not fit in buf is lost: give it
// a byte more than the largest datagram to be able to tell.
static mp_obj_t mod_recv_into(mp_obj_t stream_in, mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    mod_writable_buffer(buf_in, &buf, 1);
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

// ---- the module -----------------------------------------------------------------------------------------------

static const mp_rom_map_elem_t lightwave_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__lightwave) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&mod_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_start), MP_ROM_PTR(&mod_audio_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_stop), MP_ROM_PTR(&mod_audio_stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_process), MP_ROM_PTR(&mod_audio_process_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_stats), MP_ROM_PTR(&mod_audio_stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_task_start), MP_ROM_PTR(&mod_audio_task_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_task_stop), MP_ROM_PTR(&mod_audio_task_stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_audio_task_stats), MP_ROM_PTR(&mod_audio_task_stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_snapshot_size), MP_ROM_PTR(&mod_snapshot_size_obj) },
    { MP_ROM_QSTR(MP_QSTR_snapshot_read), MP_ROM_PTR(&mod_snapshot_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_leds_start), MP_ROM_PTR(&mod_leds_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_leds_stop), MP_ROM_PTR(&mod_leds_stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_leds_show), MP_ROM_PTR(&mod_leds_show_obj) },
    { MP_ROM_QSTR(MP_QSTR_leds_done), MP_ROM_PTR(&mod_leds_done_obj) },
    { MP_ROM_QSTR(MP_QSTR_leds_stats), MP_ROM_PTR(&mod_leds_stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_ARMED), MP_ROM_INT(LED_ARMED) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_LATE), MP_ROM_INT(LED_LATE) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_BUSY), MP_ROM_INT(LED_BUSY) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_STOPPED), MP_ROM_INT(LED_STOPPED) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_TOO_LONG), MP_ROM_INT(LED_TOO_LONG) },
    { MP_ROM_QSTR(MP_QSTR_LEDS_TOO_FAR), MP_ROM_INT(LED_TOO_FAR) },
    { MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&mod_recv_into_obj) },
};
static MP_DEFINE_CONST_DICT(lightwave_globals, lightwave_globals_table);

const mp_obj_module_t lightwave_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&lightwave_globals,
};

MP_REGISTER_MODULE(MP_QSTR__lightwave, lightwave_module);
