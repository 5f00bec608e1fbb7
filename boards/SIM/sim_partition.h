// The partition table and the OTA state machine over it.
#ifndef K1_SIM_PARTITION_H
#define K1_SIM_PARTITION_H

#include "sim.h"

typedef struct _sim_part_t {
    uint8_t type;
    uint8_t subtype;
    uint32_t address;
    uint32_t size;
    const char *label;
} sim_part_t;

enum { SIM_PART_APP = 0, SIM_PART_DATA = 1 };
enum { SIM_PART_OTA_0 = 0x10, SIM_PART_OTA_1 = 0x11 };
#define SIM_OTA_SLOTS (2)

extern const sim_part_t sim_partitions[];
extern const size_t sim_partition_count;

// The app slots and where the second-stage bootloader keeps its choice.
const sim_part_t *sim_ota_slot(unsigned slot);
const sim_part_t *sim_ota_running(void);
const sim_part_t *sim_ota_boot_partition(void);
const sim_part_t *sim_ota_next_update(void);

// ESP-IDF's error numbers for what can go wrong; 0 is success.
enum { SIM_ESP_FAIL = -1, SIM_ESP_ERR_INVALID_ARG = 0x102, SIM_ESP_ERR_INVALID_SIZE = 0x104,
       SIM_ESP_ERR_OTA_VALIDATE_FAILED = 0x1503 };
int sim_ota_set_boot(const sim_part_t *part);
int sim_ota_mark_valid(void);

// Whether a slot holds a complete application image: ESP-IDF's header, segments, checksum and SHA-256.
bool sim_image_is_valid(const sim_part_t *part);

#endif
