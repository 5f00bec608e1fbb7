// NOR flash: 8 MB in $K1_SIM_DIR/flash.bin. Erased bits read as one, programming can only clear them.
//
// The file holds every byte inverted, so that erased flash is a hole and a node's image costs the host only what
// was written. It is mapped shared: what was programmed is in the page cache and survives SIGKILL, the power cut.

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/runtime.h"
#include "sim.h"
#include "sim_module.h"

static uint8_t *inverted;
static uint32_t programs, erases;
// A real erase takes about 45 ms a sector and stalls both cores; tests that care set these.
static uint32_t program_us, erase_us;

static void open_flash(void) {
    char path[PATH_MAX];
    sim_path(path, sizeof(path), "flash.bin");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat info;
    bool sized = fd >= 0 && fstat(fd, &info) == 0
        && (info.st_size >= (off_t)SIM_FLASH_SIZE || ftruncate(fd, SIM_FLASH_SIZE) == 0);
    inverted = sized ? mmap(NULL, SIM_FLASH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (inverted == MAP_FAILED) {
        fprintf(stderr, "k1-sim: no flash at %s\n", path);
        _exit(70);
    }
    close(fd);
    program_us = (uint32_t)sim_env_int("K1_SIM_FLASH_PROGRAM_US", 0);
    erase_us = (uint32_t)sim_env_int("K1_SIM_FLASH_ERASE_US", 0);
}

// A test may have the power fail: K1_SIM_FLASH_CUT is "N,PERCENT", in the N-th program or erase from power on, resets
// included, when so much of its bytes is done. The count is kept in the environment, which is what a reset leaves.
static size_t bytes_before_cut(size_t size, bool *cut) {
    const char *setting = sim_env("K1_SIM_FLASH_CUT", NULL);
    long left, percent;
    *cut = false;
    if (setting == NULL || sscanf(setting, "%ld,%ld", &left, &percent) != 2) {
        return size;
    }
    if (left <= 1) {
        *cut = true;
        return size * (size_t)percent / 100;
    }
    char text[48];
    snprintf(text, sizeof(text), "%ld,%ld", left - 1, percent);
    setenv("K1_SIM_FLASH_CUT", text, 1);
    return size;
}

static bool in_range(uint32_t address, size_t size) {
    if (inverted == NULL) {
        open_flash();
    }
    return address <= SIM_FLASH_SIZE && size <= SIM_FLASH_SIZE - address;
}

bool sim_flash_read(uint32_t address, void *buffer, size_t size) {
    if (!in_range(address, size)) {
        return false;
    }
    uint8_t *out = buffer;
    for (size_t i = 0; i < size; ++i) {
        out[i] = ~inverted[address + i];
    }
    return true;
}

bool sim_flash_program(uint32_t address, const void *data, size_t size) {
    if (!in_range(address, size)) {
        return false;
    }
    const uint8_t *in = data;
    bool cut;
    size_t done = bytes_before_cut(size, &cut);
    for (size_t i = 0; i < done; ++i) {
        inverted[address + i] |= ~in[i];
    }
    if (cut) {
        raise(SIGKILL);
    }
    programs += 1;
    if (program_us != 0) {
        // The chip programs pages of 256 bytes.
        sim_sleep_until_node(sim_node_ns() + (int64_t)(size + 255) / 256 * program_us * 1000);
    }
    return true;
}

bool sim_flash_erase(uint32_t address, size_t size) {
    if (!in_range(address, size) || address % SIM_FLASH_SECTOR != 0 || size % SIM_FLASH_SECTOR != 0) {
        return false;
    }
    bool cut;
    memset(inverted + address, 0, bytes_before_cut(size, &cut));
    if (cut) {
        raise(SIGKILL);
    }
    erases += size / SIM_FLASH_SECTOR;
    if (erase_us != 0) {
        sim_sleep_until_node(sim_node_ns() + (int64_t)(size / SIM_FLASH_SECTOR) * erase_us * 1000);
    }
    return true;
}

// _sim.flash_counters() -> (program operations, sectors erased) since this boot.
static mp_obj_t sim_flash_counters(void) {
    mp_obj_t counters[] = { mp_obj_new_int_from_uint(programs), mp_obj_new_int_from_uint(erases) };
    return mp_obj_new_tuple(2, counters);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_flash_counters_obj, sim_flash_counters);
