// firmware/native's LED port: a hardware timer that starts both wires, and a journal of what went over them.
//
// A frame's times are those a board's timer would give it, whenever this host's scheduler let the thread run; how late
// that was is reported apart (wake_late_us), because it says something about the host and nothing about the firmware.

#include <stdlib.h>
#include <string.h>

#include "led_port.h"
#include "sim.h"

// As on the board, the port has RMT channels of its own; esp32.RMT of a stock image begins at 0.
#define FIRST_CHANNEL (2)
#define BIT_NS (1250)
// A node frozen for this long (SIGSTOP) had no running timer either: its frame starts when the node goes on.
#define FROZEN_NS (100000000)

const int32_t led_port_lead_us = 0;
const uint32_t led_port_slots = LED_SLOTS_MAX; // 50 ms at 120 FPS

static int pins[LED_STRIPS];

int led_port_open(const led_strip_t strips[LED_STRIPS]) {
    for (unsigned i = 0; i < LED_STRIPS; ++i) {
        pins[i] = strips[i].pin;
    }
    return 0;
}

void led_port_close(void) {
}

void *led_port_allocate(size_t size) {
    return malloc(size);
}

void led_port_free(void *memory) {
    free(memory);
}

int led_port_transmit(const led_frame_t *frame, led_times_t *times) {
    int64_t start_ns = frame->begin_us * 1000;
    int64_t late_ns = sim_node_ns() - start_ns;
    if (late_ns > FROZEN_NS) {
        start_ns += late_ns;
    }
    memset(times, 0, sizeof(*times));
    times->wake_late_us = late_ns / 1000;
    times->start_us = start_ns / 1000;
    int64_t end_ns = start_ns;
    for (unsigned i = 0; i < LED_STRIPS; ++i) {
        int64_t strip_end_ns = start_ns + (int64_t)frame->count[i] * 8 * BIT_NS;
        times->end_us[i] = strip_end_ns / 1000;
        end_ns = strip_end_ns > end_ns ? strip_end_ns : end_ns;
        sim_led_transmit_at(FIRST_CHANNEL + i, pins[i], frame->bytes[i], frame->count[i], BIT_NS, start_ns);
    }
    sim_sleep_until_node(end_ns);
    return 0;
}
