// leds_*: the native LED port's binding over led_show.h.
#include "py/mperrno.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "led_show.h"
#include "mod_lightwave.h"
#include "worker.h"

// start and stop wait with the GIL released; meanwhile no other thread may come near. Changed with the GIL held.
static bool changing;

static void refuse_while_changing(void) {
    if (changing) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("leds_start or leds_stop is running in another thread"));
    }
}

void mod_leds_reset(void) {
    led_show_stop();
    changing = false;
}

static void raise_start_error(int error) {
    if (error == LED_NO_MEMORY) {
        mp_raise_OSError(MP_ENOMEM);
    }
    if (error == LED_BUSY) {
        mp_raise_OSError(MP_EBUSY);
    }
    mp_raise_msg_varg(&mp_type_OSError, MP_ERROR_TEXT("LED driver: error 0x%x"), (int)led_show_stats().last_error);
}

// leds_start(pin_a, leds_a, pin_b, leds_b): leds_b 0 is a board with one strip; pin_b is then not looked at.
static mp_obj_t mod_leds_start(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    led_strip_t strips[LED_STRIPS] = {{0}};
    strips[0].pin = (int)mod_checked_int(args[0], "pin_a", 0, MOD_PIN_MAX);
    strips[0].leds = mod_checked_int(args[1], "leds_a", 1, LED_STRIP_MAX);
    strips[1].leds = mod_checked_int(args[3], "leds_b", 0, LED_STRIP_MAX);
    if (strips[1].leds > 0) {
        strips[1].pin = (int)mod_checked_int(args[2], "pin_b", 0, MOD_PIN_MAX);
        if (strips[1].pin == strips[0].pin) {
            mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("pin_b: %d is pin_a already"), strips[1].pin);
        }
    }
    refuse_while_changing();
    changing = true;
    MP_THREAD_GIL_EXIT();
    int error = led_show_start(strips);
    MP_THREAD_GIL_ENTER();
    changing = false;
    if (error != 0) {
        raise_start_error(error);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_leds_start_obj, 4, 4, mod_leds_start);

// leds_stop(): waits for the frame on the wire, drops the one that waits. The LEDs keep their colours.
static mp_obj_t mod_leds_stop(void) {
    refuse_while_changing();
    changing = true;
    MP_THREAD_GIL_EXIT();
    bool stopped = led_show_stop();
    MP_THREAD_GIL_ENTER();
    changing = false;
    if (!stopped) {
        mp_raise_OSError(MP_EBUSY);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_leds_stop_obj, mod_leds_stop);

// leds_show(wire_a, wire_b, at_us) -> LEDS_ARMED, LEDS_LATE (started at once) or a negative LEDS_ code. Both buffers,
// in the order the LEDs want (green, red, blue), may be reused on return; None or an empty one leaves its strip as it
// is. Never waits, never allocates; raises only for what is no buffer and no int.
static mp_obj_t mod_leds_show(mp_obj_t wire_a_in, mp_obj_t wire_b_in, mp_obj_t at_in) {
    const mp_obj_t wires[LED_STRIPS] = {wire_a_in, wire_b_in};
    const uint8_t *bytes[LED_STRIPS];
    size_t counts[LED_STRIPS];
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        mp_buffer_info_t wire = { .buf = NULL, .len = 0 };
        if (wires[i] != mp_const_none) {
            mp_get_buffer_raise(wires[i], &wire, MP_BUFFER_READ);
        }
        bytes[i] = wire.buf;
        counts[i] = wire.len;
    }
    uint32_t at_us = (uint32_t)mp_obj_get_int_truncated(at_in);
    int result = changing ? LED_STOPPED : led_show(bytes, counts, at_us);
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_3(mod_leds_show_obj, mod_leds_show);

// leds_done(strip) -> ticks_us at which the last bit of its newest complete frame ended, or -1 before the first.
static mp_obj_t mod_leds_done(mp_obj_t strip_in) {
    return MP_OBJ_NEW_SMALL_INT(led_show_done(mod_checked_int(strip_in, "strip", 0, LED_STRIPS - 1)));
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_leds_done_obj, mod_leds_done);

// leds_stats(buf): eleven u32, all since leds_start: shown, late, busy, errors, start error max and p99 (us; frames
// that were handed over in time), scheduler lateness max and p99 (us), the driver's last error, the worker's free
// stack (bytes), its core.
static mp_obj_t mod_leds_stats(mp_obj_t buf_in) {
    led_stats_t now = led_show_stats();
    const uint32_t values[] = {
        now.shown, now.late, now.busy, now.errors, now.start_error_max_us, now.start_error_p99_us,
        now.wake_late_max_us, now.wake_late_p99_us, (uint32_t)now.last_error, worker_stack_free(WORKER_LEDS),
        (uint32_t)worker_core(WORKER_LEDS),
    };
    mod_store_u32(buf_in, values, MP_ARRAY_SIZE(values));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_leds_stats_obj, mod_leds_stats);
