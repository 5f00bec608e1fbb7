// The parts of the `_lightwave` module, each defined in the file of its topic and listed in modlightwave.c.
#ifndef LIGHTWAVE_MOD_LIGHTWAVE_H
#define LIGHTWAVE_MOD_LIGHTWAVE_H

#include "py/obj.h"

// mod_audio.c
extern const mp_obj_fun_builtin_var_t mod_audio_start_obj;
extern const mp_obj_fun_builtin_fixed_t mod_audio_stop_obj;
extern const mp_obj_fun_builtin_fixed_t mod_audio_process_obj;
extern const mp_obj_fun_builtin_fixed_t mod_audio_stats_obj;
extern const mp_obj_fun_builtin_var_t mod_audio_task_start_obj;
extern const mp_obj_fun_builtin_fixed_t mod_audio_task_stop_obj;
extern const mp_obj_fun_builtin_fixed_t mod_audio_task_stats_obj;
void mod_audio_reset(void); // stops whatever runs; keeps the GIL

// mod_leds.c
extern const mp_obj_fun_builtin_var_t mod_leds_start_obj;
extern const mp_obj_fun_builtin_fixed_t mod_leds_stop_obj;
extern const mp_obj_fun_builtin_fixed_t mod_leds_show_obj;
extern const mp_obj_fun_builtin_fixed_t mod_leds_done_obj;
extern const mp_obj_fun_builtin_fixed_t mod_leds_stats_obj;
void mod_leds_reset(void); // stops whatever runs; keeps the GIL

// Arguments (modlightwave.c). Errors name the field and its limits.
uint32_t mod_checked_int(mp_obj_t value_in, const char *field, uint32_t min, uint32_t max);
void mod_writable_buffer(mp_obj_t buf_in, mp_buffer_info_t *buf, size_t min);
// Fill a buffer of u32 in the stats functions' order.
void mod_store_u32(mp_obj_t buf_in, const uint32_t *values, size_t count);

#define MOD_PIN_MAX 48 // the last GPIO of an ESP32-S3

#endif
