// The console and the clock: system calls of Linux, which qemu-user passes on to the host.
#include <string.h>
#include <sys/time.h>

#include "py/mphal.h"
#include "py/stream.h"
#include "system.h"

// ---- console: bytes as they are, without a terminal's carriage returns --------------------------------------------

int mp_hal_stdin_rx_chr(void) {
    uint8_t byte;
    return read(0, &byte, 1) == 1 ? byte : 4; // at the end of input: Ctrl-D
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    return flags & MP_STREAM_POLL_WR;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    size_t sent = 0;
    while (sent < length) {
        long count = write(1, text + sent, length - sent);
        if (count <= 0) {
            _exit(EXIT_CONSOLE);
        }
        sent += (size_t)count;
    }
    return length;
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    mp_hal_stdout_tx_strn(text, length);
}

void mp_hal_stdout_tx_str(const char *text) {
    mp_hal_stdout_tx_strn(text, strlen(text));
}

// ---- clock --------------------------------------------------------------------------------------------------------

typedef struct {
    int32_t seconds, nanoseconds;
} time_spec_t;

enum { REALTIME, MONOTONIC };

static time_spec_t now(int clock) {
    time_spec_t time = {0, 0};
    system_call(SYSTEM_CLOCK_GETTIME, clock, (long)&time, 0);
    return time;
}

mp_uint_t mp_hal_ticks_ms(void) {
    time_spec_t time = now(MONOTONIC);
    return (mp_uint_t)time.seconds * 1000 + (mp_uint_t)time.nanoseconds / 1000000;
}

mp_uint_t mp_hal_ticks_us(void) {
    time_spec_t time = now(MONOTONIC);
    return (mp_uint_t)time.seconds * 1000000 + (mp_uint_t)time.nanoseconds / 1000;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mp_hal_ticks_us();
}

uint64_t mp_hal_time_ns(void) {
    time_spec_t time = now(REALTIME);
    return (uint64_t)(uint32_t)time.seconds * 1000000000 + (uint32_t)time.nanoseconds;
}

int gettimeofday(struct timeval *value, void *zone) { // for ports/esp32/modtime.c
    (void)zone;
    time_spec_t time = now(REALTIME);
    value->tv_sec = time.seconds;
    value->tv_usec = time.nanoseconds / 1000;
    return 0;
}

static void wait(time_spec_t time) {
    system_call(SYSTEM_NANOSLEEP, (long)&time, 0, 0);
}

void mp_hal_delay_us(mp_uint_t us) {
    wait((time_spec_t){(int32_t)(us / 1000000), (int32_t)(us % 1000000 * 1000)});
}

void mp_hal_delay_ms(mp_uint_t ms) {
    wait((time_spec_t){(int32_t)(ms / 1000), (int32_t)(ms % 1000 * 1000000)});
}
