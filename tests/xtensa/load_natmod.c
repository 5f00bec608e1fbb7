// Loads _lightwave.mpy as MicroPython's py/persistentcode.c does, stands in for the interpreter, and compares what the
// module computes with the same kernels linked into this program. The module comes on standard input.
//
// Exit codes: 0 all equal; 10.. the place that failed (see CHECK).
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "py/dynruntime.h"

#include "analysis.h"
#include "snapshot.h"

#define CHECK(condition, code) do { if (!(condition)) { _exit(code); } } while (0)

// ---- the file ----------------------------------------------------------------------------------------------------

static uint8_t file[65536];
static const uint8_t *at = file;

static size_t read_uint(void) {
    size_t value = 0;
    do {
        value = value << 7 | (*at & 0x7f);
    } while (*at++ & 0x80);
    return value;
}

#define MAX_QSTRS 64
static const char *qstr_names[MAX_QSTRS];
static uint16_t qstr_table[MAX_QSTRS];

static void read_qstrs(void) {
    size_t count = read_uint();
    CHECK(count <= MAX_QSTRS && read_uint() == 0, 10); // and no constant objects
    for (size_t i = 0; i < count; i++) {
        size_t length = read_uint();
        qstr_table[i] = (uint16_t)i; // this program's numbering is the file's
        qstr_names[i] = length & 1 ? "(static)" : (const char *)at;
        at += length & 1 ? 0 : (length >> 1) + 1;
    }
}

static uint8_t text[32768] __attribute__((aligned(16)));
static uint8_t data[65536] __attribute__((aligned(16))); // bss, then rodata

static void relocate(uint8_t *rodata, uint8_t *bss) {
    uintptr_t *where = NULL;
    for (uint8_t op = *at++; op != 0xff; op = *at++) {
        if (op & 1) {
            size_t address = read_uint();
            where = (uintptr_t *)(address & 1 ? rodata : text) + (address >> 1);
        }
        op >>= 1;
        size_t repeats = op <= 5 && op & 1 ? read_uint() : 1;
        uintptr_t bases[] = {(uintptr_t)text, (uintptr_t)rodata, (uintptr_t)bss};
        uintptr_t base;
        if (op <= 5) {
            base = bases[op >> 1];
        } else if (op == 6) {
            base = (uintptr_t)qstr_table;
        } else if (op == 8) {
            base = (uintptr_t)&mp_fun_table;
        } else {
            CHECK(op > 8, 11);
            base = ((const uintptr_t *)&mp_fun_table)[op - 9];
        }
        while (repeats-- > 0) {
            *where++ += base;
        }
    }
}

static void load(void) {
    size_t size = 0;
    for (long got; (got = read(0, file + size, sizeof(file) - size)) > 0; size += (size_t)got) {
    }
    CHECK(at[0] == 'M' && at[1] == 6 && at[2] >> 2 == 10 && at[3] == 31, 12); // version 6, xtensawin, 31-bit integers
    at += 4;
    read_qstrs();
    size_t kind_and_length = read_uint();
    CHECK((kind_and_length & 7) == 2 && kind_and_length >> 3 <= sizeof(text), 13); // native, viper
    memcpy(text, at, kind_and_length >> 3);
    at += kind_and_length >> 3;
    size_t flags = read_uint();
    size_t rodata_size = flags & 0x20 ? read_uint() : 0;
    size_t bss_size = flags & 0x40 ? (read_uint() + 3) & ~(size_t)3 : 0;
    CHECK(bss_size + rodata_size <= sizeof(data), 14);
    memcpy(data + bss_size, at, rodata_size);
    at += rodata_size;
    relocate(data + bss_size, data);
    CHECK(at == file + size, 15);
}

// ---- the interpreter's side --------------------------------------------------------------------------------------

typedef struct {
    const char *name;
    mp_obj_t value;
} global_t;

static global_t globals[16];
static size_t global_count;
static int none_object, ticks_object, builtin_type;

static mp_uint_t from_object(mp_obj_t object, mp_uint_t type) {
    (void)type;
    return (mp_uint_t)MP_OBJ_SMALL_INT_VALUE(object);
}

static mp_obj_dict_t *swap_globals(mp_obj_dict_t *dict) {
    return dict;
}

static void store_global(qstr name, mp_obj_t value) {
    CHECK(global_count < 16 && name < MAX_QSTRS, 20);
    globals[global_count++] = (global_t){qstr_names[name], value};
}

static mp_obj_t import_name(qstr name, mp_obj_t from_list, mp_obj_t level) {
    CHECK(strcmp(qstr_names[name], "time") == 0 && from_list == &none_object && level == MP_OBJ_NEW_SMALL_INT(0), 21);
    return &none_object;
}

static mp_obj_t load_attr(mp_obj_t base, qstr name) {
    CHECK(base == &none_object && strcmp(qstr_names[name], "ticks_us") == 0, 22);
    return &ticks_object;
}

static mp_obj_t call(mp_obj_t function, size_t arguments, const mp_obj_t *values) {
    CHECK(function == &ticks_object && arguments == 0 && values == NULL, 23);
    return MP_OBJ_NEW_SMALL_INT(123456);
}

static bool get_buffer(mp_obj_t object, mp_buffer_info_t *info, mp_uint_t flags) {
    (void)flags;
    *info = *(mp_buffer_info_t *)object; // here a buffer object is its description
    return true;
}

static NORETURN void raise_msg(const mp_obj_type_t *type, mp_rom_error_text_t message) {
    (void)type;
    write(2, message, strlen(message));
    _exit(24);
}

const mp_fun_table_t mp_fun_table = {
    .const_none = &none_object,
    .const_false = &none_object + 1,
    .const_true = &ticks_object,
    .native_from_obj = from_object,
    .swap_globals = swap_globals,
    .load_attr = load_attr,
    .store_global = store_global,
    .call_function_n_kw = call,
    .import_name = import_name,
    .raise_msg = raise_msg,
    .get_buffer = get_buffer,
    .type_fun_builtin_0 = (const mp_obj_type_t *)&builtin_type,
    .type_fun_builtin_1 = (const mp_obj_type_t *)&builtin_type,
    .type_fun_builtin_2 = (const mp_obj_type_t *)&builtin_type,
    .type_fun_builtin_var = (const mp_obj_type_t *)&builtin_type,
};

static const mp_obj_fun_builtin_fixed_t *function(const char *name) {
    for (size_t i = 0; i < global_count; i++) {
        if (strcmp(globals[i].name, name) == 0) {
            const mp_obj_fun_builtin_fixed_t *found = globals[i].value;
            CHECK(found->base.type == (const mp_obj_type_t *)&builtin_type, 30);
            return found;
        }
    }
    _exit(31);
}

// ---- the comparison ----------------------------------------------------------------------------------------------

#define HOP 128
#define HOPS 40

static int32_t samples[HOP];

static void make_noise(void) {
    static uint32_t seed = 2463534242u;
    for (unsigned i = 0; i < HOP; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        samples[i] = (int32_t)seed >> 3;
    }
}

int main(void) {
    load();
    mp_module_context_t context = {0};
    mp_obj_fun_bc_t self = {.context = &context};
    ((mp_obj_t (*)(mp_obj_fun_bc_t *, size_t, size_t, mp_obj_t *))(uintptr_t)text)(&self, 0, 0, NULL);

    snapshot_t expected, seen;
    mp_buffer_info_t samples_object = {.buf = samples, .len = sizeof(samples)};
    mp_buffer_info_t seen_object = {.buf = &seen, .len = sizeof(seen)};
    CHECK(MP_OBJ_SMALL_INT_VALUE(function("snapshot_size")->fun._0()) == sizeof(snapshot_t), 40);
    static const int32_t settings[ANALYSIS_SETTINGS] = {16000, HOP, 12347, 6, 10, 90, -66, 2000};
    mp_buffer_info_t settings_object = {.buf = (void *)(settings + 2), .len = sizeof(settings) - 2 * sizeof(int32_t)};
    const mp_obj_t arguments[] = {MP_OBJ_NEW_SMALL_INT(16000), MP_OBJ_NEW_SMALL_INT(HOP), &settings_object};
    CHECK(analysis_start(settings) == NULL, 41);
    ((const mp_obj_fun_builtin_var_t *)function("audio_start"))->fun.var(3, arguments);
    for (uint32_t hop = 1; hop <= HOPS; hop++) {
        make_noise();
        analysis_process(samples, &expected);
        expected.hop = expected.hop_check = hop;
        expected.captured_us = 1000 * hop;
        expected.published_us = 123456;
        mp_obj_t hops = function("audio_process")->fun._2(&samples_object, MP_OBJ_NEW_SMALL_INT(1000 * hop));
        CHECK(hops == MP_OBJ_NEW_SMALL_INT(1), 42);
        CHECK(function("snapshot_read")->fun._1(&seen_object) == &ticks_object, 43);
        CHECK(memcmp(&expected, &seen, sizeof(seen)) == 0, 44);
    }
    write(1, "equal\n", 6);
    return 0;
}
