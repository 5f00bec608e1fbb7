// `_thread` where there is one thread only: locks that nobody contends for, in C as the real ones, so that what takes one
// costs here about what it costs on a board; and a start that is refused.
#include "py/mperrno.h"
#include "py/runtime.h"

typedef struct {
    mp_obj_base_t base;
    bool taken;
} lock_t;

static mp_obj_t lock_acquire(size_t n_args, const mp_obj_t *args) {
    lock_t *self = MP_OBJ_TO_PTR(args[0]);
    if (self->taken && (n_args < 2 || mp_obj_is_true(args[1]))) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("nobody is there who could release this lock"));
    }
    bool got = !self->taken;
    self->taken = true;
    return mp_obj_new_bool(got);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(lock_acquire_obj, 1, 3, lock_acquire);

static mp_obj_t lock_release(mp_obj_t self_in) {
    lock_t *self = MP_OBJ_TO_PTR(self_in);
    if (!self->taken) {
        mp_raise_msg(&mp_type_RuntimeError, NULL);
    }
    self->taken = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(lock_release_obj, lock_release);

static mp_obj_t lock_locked(mp_obj_t self_in) {
    return mp_obj_new_bool(((lock_t *)MP_OBJ_TO_PTR(self_in))->taken);
}
static MP_DEFINE_CONST_FUN_OBJ_1(lock_locked_obj, lock_locked);

static mp_obj_t lock_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return lock_release(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(lock_exit_obj, 4, 4, lock_exit);

static const mp_rom_map_elem_t lock_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&lock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&lock_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked), MP_ROM_PTR(&lock_locked_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&lock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&lock_exit_obj) },
};
static MP_DEFINE_CONST_DICT(lock_locals, lock_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(lock_type, MP_QSTR_lock, MP_TYPE_FLAG_NONE, locals_dict, &lock_locals);

static mp_obj_t thread_allocate_lock(void) {
    lock_t *self = mp_obj_malloc(lock_t, &lock_type);
    self->taken = false;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_0(thread_allocate_lock_obj, thread_allocate_lock);

static mp_obj_t thread_start(size_t n_args, const mp_obj_t *args) {
    (void)n_args, (void)args;
    mp_raise_OSError(MP_EAGAIN);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(thread_start_obj, 2, 3, thread_start);

static const mp_rom_map_elem_t thread_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__thread) },
    { MP_ROM_QSTR(MP_QSTR_LockType), MP_ROM_PTR(&lock_type) },
    { MP_ROM_QSTR(MP_QSTR_allocate_lock), MP_ROM_PTR(&thread_allocate_lock_obj) },
    { MP_ROM_QSTR(MP_QSTR_start_new_thread), MP_ROM_PTR(&thread_start_obj) },
};
static MP_DEFINE_CONST_DICT(thread_globals, thread_globals_table);

const mp_obj_module_t thread_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&thread_globals,
};

MP_REGISTER_MODULE(MP_QSTR__thread, thread_module);
