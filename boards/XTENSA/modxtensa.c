// The module _xtensa: marks what is to be counted in qemu's trace (tools/xtensa/counting.py).
#include "py/runtime.h"

// Entered by the program, seen by whoever reads the trace. volatile: the compiler must not fold them into one.
__attribute__((noinline)) void xtensa_count_begin(void) {
    __asm volatile ("");
}

__attribute__((noinline)) void xtensa_count_end(void) {
    __asm volatile ("nop");
}

// count(function, *arguments) -> what it returns; its instructions are counted.
static mp_obj_t xtensa_count(size_t n_args, const mp_obj_t *args) {
    xtensa_count_begin();
    mp_obj_t result = mp_call_function_n_kw(args[0], n_args - 1, 0, args + 1);
    xtensa_count_end();
    return result;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(xtensa_count_obj, 1, xtensa_count);

static const mp_rom_map_elem_t xtensa_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__xtensa) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&xtensa_count_obj) },
};
static MP_DEFINE_CONST_DICT(xtensa_globals, xtensa_globals_table);

const mp_obj_module_t xtensa_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&xtensa_globals,
};

MP_REGISTER_MODULE(MP_QSTR__xtensa, xtensa_module);
