// The module _sim: what the frozen machine, esp32 and network modules are built on. No firmware imports it.

#include "py/objstr.h"
#include "py/runtime.h"
#include "sim.h"
#include "sim_module.h"

int sim_pin_number(mp_obj_t pin) {
    if (mp_obj_is_int(pin)) {
        return mp_obj_get_int(pin);
    }
    mp_obj_t id[2];
    mp_load_method(pin, MP_QSTR_id, id);
    return mp_obj_get_int(mp_call_method_n_kw(0, 0, id));
}

static mp_obj_t sim_env_fun(size_t n_args, const mp_obj_t *args) {
    const char *value = sim_env(mp_obj_str_get_str(args[0]), NULL);
    if (value == NULL) {
        return n_args > 1 ? args[1] : mp_const_none;
    }
    return mp_obj_new_str_from_cstr(value);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sim_env_obj, 1, 2, sim_env_fun);

static mp_obj_t sim_reset_fun(mp_obj_t cause) {
    sim_reset(mp_obj_get_int(cause));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sim_reset_obj, sim_reset_fun);

static mp_obj_t sim_reset_cause_fun(void) {
    return MP_OBJ_NEW_SMALL_INT(sim_reset_cause());
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_reset_cause_obj, sim_reset_cause_fun);

static mp_obj_t sim_watchdog_start_fun(mp_obj_t timeout_ms) {
    sim_watchdog_start(mp_obj_get_int(timeout_ms));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sim_watchdog_start_obj, sim_watchdog_start_fun);

static mp_obj_t sim_watchdog_feed_fun(void) {
    sim_watchdog_feed();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_watchdog_feed_obj, sim_watchdog_feed_fun);

// The host's CLOCK_MONOTONIC in ns, for tests that relate a script's moment to the journal.
static mp_obj_t sim_host_ns_fun(void) {
    return mp_obj_new_int_from_ll(sim_host_ns());
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_host_ns_obj, sim_host_ns_fun);

static const mp_rom_map_elem_t sim_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__sim) },
    { MP_ROM_QSTR(MP_QSTR_env), MP_ROM_PTR(&sim_env_obj) },
    { MP_ROM_QSTR(MP_QSTR_host_ns), MP_ROM_PTR(&sim_host_ns_obj) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&sim_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_sha1), MP_ROM_PTR(&sim_sha1_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&sim_reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset_cause), MP_ROM_PTR(&sim_reset_cause_obj) },
    { MP_ROM_QSTR(MP_QSTR_watchdog_start), MP_ROM_PTR(&sim_watchdog_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_watchdog_feed), MP_ROM_PTR(&sim_watchdog_feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_RMT), MP_ROM_PTR(&sim_rmt_type) },
    { MP_ROM_QSTR(MP_QSTR_I2S), MP_ROM_PTR(&sim_i2s_type) },
    { MP_ROM_QSTR(MP_QSTR_i2s_overruns), MP_ROM_PTR(&sim_i2s_overruns_obj) },
    { MP_ROM_QSTR(MP_QSTR_Partition), MP_ROM_PTR(&sim_partition_type) },
    { MP_ROM_QSTR(MP_QSTR_ota_boot), MP_ROM_PTR(&sim_ota_boot_obj) },
    { MP_ROM_QSTR(MP_QSTR_flash_counters), MP_ROM_PTR(&sim_flash_counters_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_connect), MP_ROM_PTR(&sim_wifi_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_disconnect), MP_ROM_PTR(&sim_wifi_disconnect_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_status), MP_ROM_PTR(&sim_wifi_status_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_rssi), MP_ROM_PTR(&sim_wifi_rssi_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_reconnects), MP_ROM_PTR(&sim_wifi_reconnects_obj) },
    { MP_ROM_QSTR(MP_QSTR_wifi_addresses), MP_ROM_PTR(&sim_wifi_addresses_obj) },
};
static MP_DEFINE_CONST_DICT(sim_globals, sim_globals_table);

const mp_obj_module_t sim_user_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&sim_globals,
};

MP_REGISTER_MODULE(MP_QSTR__sim, sim_user_module);
