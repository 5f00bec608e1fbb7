// ESP-IDF's OTA selection with rollback: two sectors of otadata, the higher valid sequence number boots.
//
// Follows app_update's documented states: an update boots once as PENDING_VERIFY; unless it marks itself valid, the
// next reset finds it so, turns it into ABORTED and boots the other slot.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py/runtime.h"
#include "sim_module.h"
#include "sim_partition.h"

// One otadata sector's first bytes, as ESP-IDF lays them out.
typedef struct {
    uint32_t sequence; // slot = (sequence - 1) % slots; all ones: never written
    uint8_t label[20];
    uint32_t state;
    uint32_t crc;      // of the sequence alone
} ota_entry_t;

enum { OTA_NEW, OTA_PENDING_VERIFY, OTA_VALID, OTA_INVALID, OTA_ABORTED };

#define OTADATA_ADDRESS (0xd000)

static unsigned running_slot;

static uint32_t crc32_of_sequence(uint32_t sequence) {
    // As esp_rom_crc32_le(UINT32_MAX, ...): reflected CRC-32 whose caller passes the inverted start value, so the
    // register begins at zero.
    uint32_t crc = 0;
    for (int i = 0; i < 4; ++i) {
        crc ^= (sequence >> (8 * i)) & 0xff;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) ? 0xEDB88320 : 0);
        }
    }
    return ~crc;
}

static void read_entries(ota_entry_t entries[2]) {
    for (int i = 0; i < 2; ++i) {
        sim_flash_read(OTADATA_ADDRESS + i * SIM_FLASH_SECTOR, &entries[i], sizeof(ota_entry_t));
    }
}

static void write_entry(int index, const ota_entry_t *entry) {
    uint32_t address = OTADATA_ADDRESS + index * SIM_FLASH_SECTOR;
    sim_flash_erase(address, SIM_FLASH_SECTOR);
    sim_flash_program(address, entry, sizeof(*entry));
}

static bool is_bootable(const ota_entry_t *entry) {
    return entry->sequence != UINT32_MAX && entry->crc == crc32_of_sequence(entry->sequence)
           && entry->state != OTA_INVALID && entry->state != OTA_ABORTED;
}

// Index of the entry that decides, or -1 when neither does.
static int active_entry(const ota_entry_t entries[2]) {
    bool first = is_bootable(&entries[0]), second = is_bootable(&entries[1]);
    if (first && second) {
        return entries[1].sequence > entries[0].sequence;
    }
    return first ? 0 : second ? 1 : -1;
}

static unsigned slot_of(const ota_entry_t *entry) {
    return (entry->sequence - 1) % SIM_OTA_SLOTS;
}

const sim_part_t *sim_ota_running(void) {
    return sim_ota_slot(running_slot);
}

const sim_part_t *sim_ota_boot_partition(void) {
    ota_entry_t entries[2];
    read_entries(entries);
    int active = active_entry(entries);
    return sim_ota_slot(active < 0 ? 0 : slot_of(&entries[active]));
}

const sim_part_t *sim_ota_next_update(void) {
    return sim_ota_slot((running_slot + 1) % SIM_OTA_SLOTS);
}

int sim_ota_set_boot(const sim_part_t *part) {
    if (part->type != SIM_PART_APP) {
        return SIM_ESP_ERR_INVALID_ARG;
    }
    if (!sim_image_is_valid(part)) {
        return SIM_ESP_ERR_OTA_VALIDATE_FAILED;
    }
    unsigned slot = part->subtype - SIM_PART_OTA_0;
    ota_entry_t entries[2];
    read_entries(entries);
    int active = active_entry(entries);
    uint32_t sequence = slot + 1;
    while (active >= 0 && sequence < entries[active].sequence) {
        sequence += SIM_OTA_SLOTS;
    }
    ota_entry_t entry = { .sequence = sequence, .state = OTA_NEW, .crc = crc32_of_sequence(sequence) };
    memset(entry.label, 0xff, sizeof(entry.label));
    // The entry in force stays untouched until the new one is complete: a power cut here changes nothing.
    write_entry(active == 0 ? 1 : 0, &entry);
    return 0;
}

int sim_ota_mark_valid(void) {
    ota_entry_t entries[2];
    read_entries(entries);
    int active = active_entry(entries);
    if (active < 0) {
        return SIM_ESP_FAIL; // as ESP-IDF answers on a board that never took an update
    }
    if (entries[active].state != OTA_VALID) {
        entries[active].state = OTA_VALID;
        write_entry(active, &entries[active]);
    }
    return 0;
}

// The second-stage bootloader's choice at a hard reset.
static unsigned bootloader_choose(void) {
    ota_entry_t entries[2];
    read_entries(entries);
    for (int i = 0; i < 2; ++i) {
        if (is_bootable(&entries[i]) && entries[i].state == OTA_PENDING_VERIFY) {
            entries[i].state = OTA_ABORTED;
            write_entry(i, &entries[i]);
        }
    }
    int active = active_entry(entries);
    if (active >= 0 && entries[active].state == OTA_NEW) {
        entries[active].state = OTA_PENDING_VERIFY;
        write_entry(active, &entries[active]);
    }
    unsigned slot = active < 0 ? 0 : slot_of(&entries[active]);
    unsigned other = (slot + 1) % SIM_OTA_SLOTS;
    bool use_other = !sim_image_is_valid(sim_ota_slot(slot)) && sim_image_is_valid(sim_ota_slot(other));
    return use_other ? other : slot;
}

// _sim.ota_boot() -> running slot. Runs the bootloader unless this is a soft reset, which never reaches it.
static mp_obj_t sim_ota_boot(void) {
    if (sim_reset_cause() == SIM_SOFT_RESET) {
        running_slot = (unsigned)sim_env_int("K1_SIM_SLOT", 0) % SIM_OTA_SLOTS;
    } else {
        running_slot = bootloader_choose();
        char text[12];
        snprintf(text, sizeof(text), "%u", running_slot);
        setenv("K1_SIM_SLOT", text, 1);
    }
    return MP_OBJ_NEW_SMALL_INT(running_slot);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_ota_boot_obj, sim_ota_boot);
