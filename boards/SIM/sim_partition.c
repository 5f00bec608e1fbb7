// esp32.Partition over the flash, with the ESP32 port's block device protocol and errors.

#include <string.h>

#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "sim_module.h"
#include "sim_partition.h"

// An 8 MB board with two app slots; subtypes as ESP-IDF numbers them.
const sim_part_t sim_partitions[] = {
    { SIM_PART_DATA, 0x02, 0x9000, 0x4000, "nvs" },
    { SIM_PART_DATA, 0x00, 0xd000, 0x2000, "otadata" },
    { SIM_PART_DATA, 0x01, 0xf000, 0x1000, "phy_init" },
    { SIM_PART_APP, SIM_PART_OTA_0, 0x10000, 0x2f0000, "ota_0" },
    { SIM_PART_APP, SIM_PART_OTA_1, 0x300000, 0x2f0000, "ota_1" },
    { SIM_PART_DATA, 0x81, 0x600000, 0x200000, "vfs" },
};
const size_t sim_partition_count = MP_ARRAY_SIZE(sim_partitions);

enum { PARTITION_BOOT, PARTITION_RUNNING };
enum { SUBTYPE_ANY = 0xff };

typedef struct _partition_obj_t {
    mp_obj_base_t base;
    const sim_part_t *part;
} partition_obj_t;

const sim_part_t *sim_ota_slot(unsigned slot) {
    for (size_t i = 0; i < sim_partition_count; ++i) {
        if (sim_partitions[i].type == SIM_PART_APP && sim_partitions[i].subtype == SIM_PART_OTA_0 + slot) {
            return &sim_partitions[i];
        }
    }
    return NULL;
}

static mp_obj_t partition_new(const sim_part_t *part) {
    if (part == NULL) {
        mp_raise_OSError(MP_ENOENT);
    }
    partition_obj_t *self = mp_obj_malloc(partition_obj_t, &sim_partition_type);
    self->part = part;
    return MP_OBJ_FROM_PTR(self);
}

static const sim_part_t *part_of(mp_obj_t self) {
    return ((partition_obj_t *)MP_OBJ_TO_PTR(self))->part;
}

static void check_esp(int error) {
    if (error == 0) {
        return;
    }
    const char *name = error == SIM_ESP_ERR_OTA_VALIDATE_FAILED ? "ESP_ERR_OTA_VALIDATE_FAILED"
        : error == SIM_ESP_ERR_INVALID_ARG ? "ESP_ERR_INVALID_ARG"
        : error == SIM_ESP_ERR_INVALID_SIZE ? "ESP_ERR_INVALID_SIZE" : "ESP_FAIL";
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(-error), mp_obj_new_str_from_cstr(name) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

// Flash address of a range inside the partition; out of range is the driver's own error.
static uint32_t address_in(const sim_part_t *part, uint32_t offset, size_t size) {
    if (offset > part->size || size > part->size - offset) {
        check_esp(SIM_ESP_ERR_INVALID_SIZE);
    }
    return part->address + offset;
}

static mp_obj_t partition_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, 2, false);
    if (n_args == 2 && mp_obj_get_int(args[1]) != (mp_int_t)SIM_FLASH_SECTOR) {
        mp_raise_ValueError(MP_ERROR_TEXT("block size")); // smaller blocks need a cache nobody here uses
    }
    if (mp_obj_is_int(args[0])) {
        switch (mp_obj_get_int(args[0])) {
            case PARTITION_BOOT:
                return partition_new(sim_ota_boot_partition());
            case PARTITION_RUNNING:
                return partition_new(sim_ota_running());
            default:
                mp_raise_ValueError(NULL);
        }
    }
    const char *label = mp_obj_str_get_str(args[0]);
    for (size_t i = 0; i < sim_partition_count; ++i) {
        if (strcmp(sim_partitions[i].label, label) == 0) {
            return partition_new(&sim_partitions[i]);
        }
    }
    mp_raise_OSError(MP_ENOENT);
}

static void partition_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    const sim_part_t *part = part_of(self);
    mp_printf(print, "<Partition type=%u, subtype=%u, address=%u, size=%u, label=%s, encrypted=0>",
        part->type, part->subtype, (unsigned)part->address, (unsigned)part->size, part->label);
}

static mp_obj_t partition_find(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_type, ARG_subtype, ARG_label, ARG_block_size };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_type, MP_ARG_INT, {.u_int = SIM_PART_APP} },
        { MP_QSTR_subtype, MP_ARG_INT, {.u_int = SUBTYPE_ANY} },
        { MP_QSTR_label, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_block_size, MP_ARG_INT, {.u_int = SIM_FLASH_SECTOR} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_obj_t label = args[ARG_label].u_obj;
    mp_obj_t found = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < sim_partition_count; ++i) {
        const sim_part_t *part = &sim_partitions[i];
        if (part->type == args[ARG_type].u_int
            && (args[ARG_subtype].u_int == SUBTYPE_ANY || args[ARG_subtype].u_int == part->subtype)
            && (label == mp_const_none || strcmp(mp_obj_str_get_str(label), part->label) == 0)) {
            mp_obj_list_append(found, partition_new(part));
        }
    }
    return found;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(partition_find_fun_obj, 0, partition_find);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(partition_find_obj, MP_ROM_PTR(&partition_find_fun_obj));

static mp_obj_t partition_info(mp_obj_t self) {
    const sim_part_t *part = part_of(self);
    mp_obj_t info[] = {
        MP_OBJ_NEW_SMALL_INT(part->type), MP_OBJ_NEW_SMALL_INT(part->subtype),
        mp_obj_new_int_from_uint(part->address), mp_obj_new_int_from_uint(part->size),
        mp_obj_new_str_from_cstr(part->label), mp_const_false,
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(info), info);
}
static MP_DEFINE_CONST_FUN_OBJ_1(partition_info_obj, partition_info);

static mp_obj_t partition_readblocks(size_t n_args, const mp_obj_t *args) {
    const sim_part_t *part = part_of(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    uint32_t offset = mp_obj_get_int(args[1]) * SIM_FLASH_SECTOR + (n_args == 4 ? mp_obj_get_int(args[3]) : 0);
    sim_flash_read(address_in(part, offset, buffer.len), buffer.buf, buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(partition_readblocks_obj, 3, 4, partition_readblocks);

static mp_obj_t partition_writeblocks(size_t n_args, const mp_obj_t *args) {
    const sim_part_t *part = part_of(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_READ);
    uint32_t offset = mp_obj_get_int(args[1]) * SIM_FLASH_SECTOR;
    if (n_args == 4) {
        offset += mp_obj_get_int(args[3]); // the caller has erased
    }
    uint32_t address = address_in(part, offset, buffer.len);
    if (n_args == 3 && !sim_flash_erase(address, buffer.len)) {
        check_esp(SIM_ESP_ERR_INVALID_SIZE); // not whole sectors
    }
    sim_flash_program(address, buffer.buf, buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(partition_writeblocks_obj, 3, 4, partition_writeblocks);

static mp_obj_t partition_ioctl(mp_obj_t self, mp_obj_t command, mp_obj_t arg) {
    const sim_part_t *part = part_of(self);
    switch (mp_obj_get_int(command)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(part->size / SIM_FLASH_SECTOR);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(SIM_FLASH_SECTOR);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: {
            uint32_t offset = mp_obj_get_int(arg) * SIM_FLASH_SECTOR;
            sim_flash_erase(address_in(part, offset, SIM_FLASH_SECTOR), SIM_FLASH_SECTOR);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(partition_ioctl_obj, partition_ioctl);

static mp_obj_t partition_set_boot(mp_obj_t self) {
    check_esp(sim_ota_set_boot(part_of(self)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(partition_set_boot_obj, partition_set_boot);

static mp_obj_t partition_get_next_update(mp_obj_t self) {
    (void)self;
    return partition_new(sim_ota_next_update());
}
static MP_DEFINE_CONST_FUN_OBJ_1(partition_get_next_update_obj, partition_get_next_update);

static mp_obj_t partition_mark_valid(mp_obj_t cls) {
    (void)cls;
    check_esp(sim_ota_mark_valid());
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(partition_mark_valid_fun_obj, partition_mark_valid);
static MP_DEFINE_CONST_CLASSMETHOD_OBJ(partition_mark_valid_obj, MP_ROM_PTR(&partition_mark_valid_fun_obj));

static const mp_rom_map_elem_t partition_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_find), MP_ROM_PTR(&partition_find_obj) },
    { MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&partition_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&partition_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&partition_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&partition_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_boot), MP_ROM_PTR(&partition_set_boot_obj) },
    { MP_ROM_QSTR(MP_QSTR_mark_app_valid_cancel_rollback), MP_ROM_PTR(&partition_mark_valid_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_next_update), MP_ROM_PTR(&partition_get_next_update_obj) },
    { MP_ROM_QSTR(MP_QSTR_BOOT), MP_ROM_INT(PARTITION_BOOT) },
    { MP_ROM_QSTR(MP_QSTR_RUNNING), MP_ROM_INT(PARTITION_RUNNING) },
    { MP_ROM_QSTR(MP_QSTR_TYPE_APP), MP_ROM_INT(SIM_PART_APP) },
    { MP_ROM_QSTR(MP_QSTR_TYPE_DATA), MP_ROM_INT(SIM_PART_DATA) },
};
static MP_DEFINE_CONST_DICT(partition_locals, partition_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(sim_partition_type, MP_QSTR_Partition, MP_TYPE_FLAG_NONE, make_new, partition_make_new,
    print, partition_print, locals_dict, &partition_locals);
