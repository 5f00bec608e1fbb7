// esp32.RMT: transmit channels with the ESP32 port's interface, before and after its 1.27 rewrite.

#include <stdlib.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "sim_led_wire.h"
#include "sim_module.h"

#define SOURCE_HZ (80000000)
#define PULSE_MAX (32767)
// The peripheral's own memory bounds a loop: 64 symbols of two pulses, less the end marker.
#define LOOP_PULSES_MAX (126)

typedef struct _sim_rmt_obj_t {
    mp_obj_base_t base;
    int channel;
    int pin; // -1 when deinitialised
    uint32_t resolution_hz;
    bool idle_level;
    bool looping;
} sim_rmt_obj_t;

static mp_obj_t rmt_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_id, ARG_pin, ARG_clock_div, ARG_idle_level, ARG_tx_carrier, ARG_resolution_hz, ARG_num_symbols };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_id, MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_pin, MP_ARG_REQUIRED | MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_clock_div, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_idle_level, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false} },
        { MP_QSTR_tx_carrier, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_resolution_hz, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_num_symbols, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (args[ARG_id].u_int < 0 || args[ARG_id].u_int >= SIM_RMT_CHANNELS) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid channel"));
    }
    mp_int_t divider = 8;
    if (args[ARG_resolution_hz].u_obj != mp_const_none) {
        divider = SOURCE_HZ / mp_obj_get_int(args[ARG_resolution_hz].u_obj);
    } else if (args[ARG_clock_div].u_obj != mp_const_none) {
        divider = mp_obj_get_int(args[ARG_clock_div].u_obj);
    }
    if (divider < 1 || divider > 255) {
        mp_raise_ValueError(MP_ERROR_TEXT("clock_div must be between 1 and 255"));
    }
    sim_rmt_obj_t *self = mp_obj_malloc_with_finaliser(sim_rmt_obj_t, type);
    self->channel = args[ARG_id].u_int;
    self->pin = sim_pin_number(args[ARG_pin].u_obj);
    self->resolution_hz = SOURCE_HZ / divider;
    self->idle_level = args[ARG_idle_level].u_bool;
    self->looping = false;
    return MP_OBJ_FROM_PTR(self);
}

static sim_rmt_obj_t *rmt_open(mp_obj_t self_in) {
    sim_rmt_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->pin < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("RMT is deinitialised"));
    }
    return self;
}

static void rmt_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    sim_rmt_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->pin < 0) {
        mp_printf(print, "RMT()");
    } else {
        mp_printf(print, "RMT(channel=%d, pin=%d, source_freq=%u, clock_div=%u, idle_level=%u)", self->channel,
            self->pin, SOURCE_HZ, SOURCE_HZ / self->resolution_hz, self->idle_level);
    }
}

static mp_obj_t rmt_deinit(mp_obj_t self_in) {
    sim_rmt_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->pin >= 0) {
        sim_wire_stop(self->channel);
        self->pin = -1;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(rmt_deinit_obj, rmt_deinit);

static mp_obj_t rmt_source_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(SOURCE_HZ);
}
static MP_DEFINE_CONST_FUN_OBJ_0(rmt_source_freq_fun_obj, rmt_source_freq);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(rmt_source_freq_obj, MP_ROM_PTR(&rmt_source_freq_fun_obj));

static mp_obj_t rmt_clock_div(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(SOURCE_HZ / rmt_open(self_in)->resolution_hz);
}
static MP_DEFINE_CONST_FUN_OBJ_1(rmt_clock_div_obj, rmt_clock_div);

static bool is_idle(const sim_rmt_obj_t *self) {
    return !self->looping && sim_led_idle_at(self->channel) <= sim_node_ns();
}

static mp_obj_t rmt_active(size_t n_args, const mp_obj_t *args) {
    sim_rmt_obj_t *self = rmt_open(args[0]);
    if (n_args > 1 && !mp_obj_is_true(args[1])) {
        sim_wire_stop(self->channel);
        self->looping = false;
    }
    return mp_obj_new_bool(!is_idle(self));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rmt_active_obj, 1, 2, rmt_active);

// wait_done(*, timeout=0): ms; negative waits for ever. Releases the GIL, as the port does from 1.28 on.
static mp_obj_t rmt_wait_done(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
    };
    mp_arg_val_t timeout;
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, 1, allowed, &timeout);
    sim_rmt_obj_t *self = rmt_open(pos_args[0]);
    int64_t until = sim_led_idle_at(self->channel);
    if (timeout.u_int >= 0) {
        int64_t limit = sim_node_ns() + (int64_t)timeout.u_int * 1000000;
        until = limit < until ? limit : until;
    }
    if (until > sim_node_ns()) {
        MP_THREAD_GIL_EXIT();
        sim_sleep_until_node(until);
        MP_THREAD_GIL_ENTER();
    }
    return mp_obj_new_bool(is_idle(self));
}
static MP_DEFINE_CONST_FUN_OBJ_KW(rmt_wait_done_obj, 1, rmt_wait_done);

static mp_obj_t rmt_loop(mp_obj_t self_in, mp_obj_t on) {
    rmt_open(self_in)->looping = mp_obj_is_true(on);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(rmt_loop_obj, rmt_loop);

// The two arguments of write_pulses in its three forms: durations and a first level, one duration and levels, or both.
typedef struct {
    size_t count;
    const mp_obj_t *durations; // NULL: all last constant_duration
    const mp_obj_t *levels;    // NULL: alternate, beginning with first_level
    mp_int_t constant_duration;
    bool first_level;
} pulse_list_t;

static pulse_list_t parse_pulses(mp_obj_t duration, mp_obj_t data) {
    pulse_list_t list = { 0 };
    size_t level_count = 0;
    bool has_levels = mp_obj_is_type(data, &mp_type_tuple) || mp_obj_is_type(data, &mp_type_list);
    if (has_levels) {
        mp_obj_get_array(data, &level_count, (mp_obj_t **)&list.levels);
    } else {
        list.first_level = mp_obj_is_true(data);
    }
    if (has_levels && mp_obj_is_int(duration)) {
        list.constant_duration = mp_obj_get_int(duration);
        list.count = level_count;
    } else {
        // As the port, only list and tuple: an array('H') raises TypeError here too.
        mp_obj_get_array(duration, &list.count, (mp_obj_t **)&list.durations);
        if (has_levels && level_count != list.count) {
            mp_raise_ValueError(MP_ERROR_TEXT("duration and data must have same length"));
        }
    }
    if (list.count == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("No pulses"));
    }
    return list;
}

static mp_int_t duration_of(const pulse_list_t *list, size_t i) {
    if (list->durations == NULL) {
        return list->constant_duration;
    }
    mp_obj_t duration = list->durations[i];
    return mp_obj_is_small_int(duration) ? MP_OBJ_SMALL_INT_VALUE(duration) : mp_obj_get_int(duration);
}

static void decode_pulses(const sim_rmt_obj_t *self, const pulse_list_t *list, sim_ws2812_t *decoder) {
    // Four nodes decode 30,000 pulses at the same deadline on this host's few cores: no division for each.
    const uint32_t ns_per_1024_ticks = (uint32_t)(1024000000000ULL / self->resolution_hz);
    for (size_t i = 0; i < list->count; ++i) {
        mp_int_t ticks = duration_of(list, i);
        ticks &= PULSE_MAX; // the hardware's field is 15 bits wide
        if (ticks == 0) {
            break; // and zero is its end marker
        }
        bool level = list->levels ? mp_obj_is_true(list->levels[i]) : list->first_level ^ (i & 1);
        sim_ws2812_pulse(decoder, level, (uint32_t)((uint64_t)ticks * ns_per_1024_ticks / 1024));
    }
}

static mp_obj_t rmt_write_pulses(size_t n_args, const mp_obj_t *args) {
    sim_rmt_obj_t *self = rmt_open(args[0]);
    // The transmission starts now; what follows is this host's work, which no board does.
    int64_t asked_at = sim_node_ns();
    pulse_list_t list = parse_pulses(args[1], n_args > 2 ? args[2] : mp_const_true);
    if (self->looping && list.count > LOOP_PULSES_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("Too many pulses for loop"));
    }
    // Two pulses make a bit, sixteen a byte. Not from the heap: the real driver's symbol buffer is reused as well.
    size_t capacity = list.count / 16 + 1;
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL) {
        m_malloc_fail(capacity);
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        free(bytes); // an element was not an int
        nlr_jump(nlr.ret_val);
    }
    sim_ws2812_t decoder;
    sim_ws2812_begin(&decoder, bytes, capacity);
    decode_pulses(self, &list, &decoder);
    nlr_pop();
    decoder.frame.pin = self->pin;
    // The driver waits for the previous transmission without releasing the GIL.
    sim_sleep_until_node(sim_led_idle_at(self->channel));
    sim_wire_send_at(self->channel, sim_ws2812_end(&decoder), asked_at);
    free(bytes);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rmt_write_pulses_obj, 2, 3, rmt_write_pulses);

static const mp_rom_map_elem_t rmt_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&rmt_deinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&rmt_deinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_source_freq), MP_ROM_PTR(&rmt_source_freq_obj) },
    { MP_ROM_QSTR(MP_QSTR_clock_div), MP_ROM_PTR(&rmt_clock_div_obj) },
    { MP_ROM_QSTR(MP_QSTR_active), MP_ROM_PTR(&rmt_active_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_done), MP_ROM_PTR(&rmt_wait_done_obj) },
    { MP_ROM_QSTR(MP_QSTR_loop), MP_ROM_PTR(&rmt_loop_obj) },
    { MP_ROM_QSTR(MP_QSTR_write_pulses), MP_ROM_PTR(&rmt_write_pulses_obj) },
    { MP_ROM_QSTR(MP_QSTR_PULSE_MAX), MP_ROM_INT(PULSE_MAX) },
};
static MP_DEFINE_CONST_DICT(rmt_locals, rmt_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(sim_rmt_type, MP_QSTR_RMT, MP_TYPE_FLAG_NONE, make_new, rmt_make_new, print, rmt_print,
    locals_dict, &rmt_locals);
