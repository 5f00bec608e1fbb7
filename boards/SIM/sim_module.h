// The parts of the _sim module, each defined in the file of its topic and listed in modsim.c.
#ifndef K1_SIM_MODULE_H
#define K1_SIM_MODULE_H

#include "py/obj.h"

extern const mp_obj_fun_builtin_fixed_t sim_run_obj;
extern const mp_obj_fun_builtin_fixed_t sim_sha1_obj;
extern const mp_obj_type_t sim_rmt_type;
extern const mp_obj_type_t sim_i2s_type;
extern const mp_obj_fun_builtin_fixed_t sim_i2s_overruns_obj;
extern const mp_obj_type_t sim_partition_type;
extern const mp_obj_fun_builtin_fixed_t sim_ota_boot_obj;
extern const mp_obj_fun_builtin_fixed_t sim_flash_counters_obj;
extern const mp_obj_fun_builtin_var_t sim_wifi_connect_obj;
extern const mp_obj_fun_builtin_fixed_t sim_wifi_disconnect_obj;
extern const mp_obj_fun_builtin_fixed_t sim_wifi_status_obj;
extern const mp_obj_fun_builtin_fixed_t sim_wifi_rssi_obj;
extern const mp_obj_fun_builtin_fixed_t sim_wifi_reconnects_obj;
extern const mp_obj_fun_builtin_fixed_t sim_wifi_addresses_obj;

// The pin number behind a Pin object or a plain int.
int sim_pin_number(mp_obj_t pin);

#endif
