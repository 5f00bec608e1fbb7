// What firmware/native wants of a board, on one that has neither a second thread, LEDs nor a microphone: every start
// is refused (the module _lightwave raises OSError or RuntimeError), so nothing below a start is ever reached.
// audio_start, audio_process and snapshot_read need none of it and work as on a board.
#include <errno.h>
#include <stddef.h>

#include "audio_port.h"
#include "led_port.h"
#include "worker.h"

#include "py/mphal.h"

bool worker_start(worker_t worker, void (*body)(void)) {
    (void)worker, (void)body;
    return false;
}

bool worker_join(worker_t worker, uint32_t timeout_ms) {
    (void)worker, (void)timeout_ms;
    return true; // none was started
}

void worker_wait_until(worker_t worker, int64_t until_us) {
    (void)worker, (void)until_us;
}

void worker_wake(worker_t worker) {
    (void)worker;
}

int64_t worker_now_us(void) {
    return (int64_t)(mp_hal_time_ns() / 1000);
}

void worker_sleep_ms(uint32_t ms) {
    mp_hal_delay_ms(ms);
}

int worker_core(worker_t worker) {
    (void)worker;
    return -1;
}

uint32_t worker_stack_free(worker_t worker) {
    (void)worker;
    return 0;
}

const int32_t led_port_lead_us = 0;
const uint32_t led_port_slots = 2;

int led_port_open(const led_strip_t strips[LED_STRIPS]) {
    (void)strips;
    return ENODEV;
}

void led_port_close(void) {
}

void *led_port_allocate(size_t size) {
    (void)size;
    return NULL;
}

void led_port_free(void *memory) {
    (void)memory;
}

int led_port_transmit(const led_frame_t *frame, led_times_t *times) {
    (void)frame, (void)times;
    return ENODEV;
}

int audio_port_open(const audio_source_t *source) {
    (void)source;
    return ENODEV;
}

void audio_port_close(void) {
}

int audio_port_read(int32_t samples[AUDIO_BLOCK_FRAMES], int64_t *captured_us) {
    (void)samples, (void)captured_us;
    return ENODEV;
}

uint32_t audio_port_overruns(void) {
    return 0;
}
