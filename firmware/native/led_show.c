#include "led_show.h"

#include <stdatomic.h>
#include <string.h>

#include "durations.h"
#include "worker.h"

#define AT_ONCE 2 // one on the wire, one waiting
#define STOP_TIMEOUT_MS 500

// A frame between the two threads. While full is false the caller owns it, while true the worker.
typedef struct {
    atomic_bool full;
    bool in_time;
    int64_t at_us; // what the caller asked for; frame.begin_us is later when that cannot be
    uint8_t *memory[LED_STRIPS];
    led_frame_t frame;
} slot_t;

static struct {
    bool running;
    atomic_bool stop;
    led_strip_t strips[LED_STRIPS];
    uint8_t *memory;
    slot_t slots[LED_SLOTS_MAX];
    uint32_t given; // frames handed over; the caller's
    // When the last two frames will have ended and when the wire will be free, if all goes well; the caller's.
    int64_t ends_us[AT_ONCE];
    int64_t free_at_us;
    _Atomic uint32_t done[LED_STRIPS]; // tick + 1; 0 before the first frame
    _Atomic uint32_t shown, late, busy, errors;
    _Atomic int32_t last_error;
    durations_t start_error, wake_late;
} leds;

static void count(_Atomic uint32_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// ---- the worker -----------------------------------------------------------------------------------------------

static void transmit(const slot_t *slot, int64_t *idle_at_us) {
    led_times_t times;
    int error = led_port_transmit(&slot->frame, &times);
    if (error != 0) {
        atomic_store_explicit(&leds.last_error, error, memory_order_relaxed);
        count(&leds.errors);
        return;
    }
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        if (slot->frame.count[i] > 0) {
            uint32_t tick = (uint32_t)times.end_us[i] & WORKER_TICKS_MASK;
            atomic_store_explicit(&leds.done[i], tick + 1, memory_order_relaxed);
            if (times.end_us[i] + LED_RESET_US > *idle_at_us) {
                *idle_at_us = times.end_us[i] + LED_RESET_US;
            }
        }
    }
    if (slot->in_time) {
        int64_t error_us = times.start_us - slot->at_us;
        durations_add(&leds.start_error, error_us < 0 ? -error_us : error_us);
    }
    durations_add(&leds.wake_late, times.wake_late_us);
    count(&leds.shown);
}

static void run(void) {
    uint32_t taken = 0;
    int64_t idle_at_us = INT64_MIN;
    for (;;) {
        bool stop = atomic_load_explicit(&leds.stop, memory_order_acquire);
        slot_t *slot = &leds.slots[taken % led_port_slots];
        bool full = atomic_load_explicit(&slot->full, memory_order_acquire);
        if (stop && (!full || slot->frame.begin_us > worker_now_us())) {
            return;
        }
        if (!full) {
            worker_wait_until(WORKER_LEDS, WORKER_FOREVER);
            continue;
        }
        // The caller's forecast of a free wire can be a little early: the latch of the previous frame comes first.
        if (slot->frame.begin_us < idle_at_us) {
            slot->frame.begin_us = idle_at_us;
        }
        int64_t wake_us = slot->frame.begin_us - led_port_lead_us;
        if (worker_now_us() < wake_us) {
            worker_wait_until(WORKER_LEDS, wake_us); // or until led_show_stop; either way look again
            continue;
        }
        transmit(slot, &idle_at_us);
        atomic_store_explicit(&slot->full, false, memory_order_release);
        taken++;
    }
}

// ---- start and stop -------------------------------------------------------------------------------------------

static bool allocate(void) {
    size_t frame = 0;
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        frame += leds.strips[i].leds * LED_BYTES;
    }
    leds.memory = led_port_allocate(led_port_slots * frame);
    if (leds.memory == NULL) {
        return false;
    }
    uint8_t *next = leds.memory;
    for (unsigned s = 0; s < led_port_slots; s++) {
        for (unsigned i = 0; i < LED_STRIPS; i++) {
            leds.slots[s].memory[i] = next;
            next += leds.strips[i].leds * LED_BYTES;
        }
    }
    return true;
}

static void release(void) {
    led_port_close();
    led_port_free(leds.memory);
    leds.memory = NULL;
}

static void reset(const led_strip_t strips[LED_STRIPS]) {
    memcpy(leds.strips, strips, sizeof(leds.strips));
    leds.given = 0;
    leds.free_at_us = leds.ends_us[0] = leds.ends_us[1] = INT64_MIN;
    atomic_store(&leds.stop, false);
    for (unsigned s = 0; s < led_port_slots; s++) {
        atomic_store(&leds.slots[s].full, false);
    }
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        atomic_store(&leds.done[i], 0);
    }
    atomic_store(&leds.shown, 0);
    atomic_store(&leds.late, 0);
    atomic_store(&leds.busy, 0);
    atomic_store(&leds.errors, 0);
    atomic_store(&leds.last_error, 0);
    durations_clear(&leds.start_error);
    durations_clear(&leds.wake_late);
}

int led_show_start(const led_strip_t strips[LED_STRIPS]) {
    if (leds.running && !led_show_stop()) {
        return LED_BUSY;
    }
    reset(strips);
    int error = led_port_open(strips);
    if (error != 0) {
        atomic_store(&leds.last_error, error);
        return LED_FAILED;
    }
    if (!allocate() || !worker_start(WORKER_LEDS, run)) {
        release();
        return LED_NO_MEMORY;
    }
    leds.running = true;
    return 0;
}

bool led_show_stop(void) {
    if (!leds.running) {
        return true;
    }
    atomic_store_explicit(&leds.stop, true, memory_order_release);
    worker_wake(WORKER_LEDS);
    if (!worker_join(WORKER_LEDS, STOP_TIMEOUT_MS)) {
        return false;
    }
    release();
    leds.running = false;
    return true;
}

// ---- frames ---------------------------------------------------------------------------------------------------

// Of two ticks, how far the second is behind the first: -2^29 .. 2^29 - 1.
static int32_t tick_diff(uint32_t later, uint32_t earlier) {
    uint32_t difference = (later - earlier) & WORKER_TICKS_MASK;
    return (int32_t)(difference << 2) >> 2;
}

static int64_t wire_us(const size_t counts[LED_STRIPS]) {
    return (int64_t)(counts[0] > counts[1] ? counts[0] : counts[1]) * LED_BYTE_US;
}

static bool fits(const size_t counts[LED_STRIPS]) {
    return counts[0] <= leds.strips[0].leds * LED_BYTES && counts[1] <= leds.strips[1].leds * LED_BYTES;
}

// Decide when the frame begins; true when that is its tick.
static bool schedule(slot_t *slot, int64_t at_us, int64_t now_us) {
    int64_t earliest_us = now_us > leds.free_at_us ? now_us : leds.free_at_us;
    slot->at_us = at_us;
    slot->in_time = at_us >= earliest_us;
    slot->frame.begin_us = slot->in_time ? at_us : earliest_us;
    int64_t end_us = slot->frame.begin_us + wire_us(slot->frame.count);
    leds.ends_us[leds.given % AT_ONCE] = end_us;
    leds.free_at_us = end_us + LED_RESET_US;
    return slot->in_time;
}

int led_show(const uint8_t *const bytes[LED_STRIPS], const size_t counts[LED_STRIPS], uint32_t tick_us) {
    if (!leds.running) {
        return LED_STOPPED;
    }
    int64_t now_us = worker_now_us();
    int64_t at_us = now_us + tick_diff(tick_us, (uint32_t)now_us);
    if (!fits(counts) || at_us - now_us > LED_AHEAD_MAX_US) {
        count(&leds.errors);
        return fits(counts) ? LED_TOO_FAR : LED_TOO_LONG;
    }
    slot_t *slot = &leds.slots[leds.given % led_port_slots];
    bool full = atomic_load_explicit(&slot->full, memory_order_acquire);
    if (full || leds.ends_us[leds.given % AT_ONCE] > now_us) {
        count(&leds.busy);
        return LED_BUSY;
    }
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        if (counts[i] > 0) {
            memcpy(slot->memory[i], bytes[i], counts[i]);
        }
        slot->frame.bytes[i] = slot->memory[i];
        slot->frame.count[i] = counts[i];
    }
    bool in_time = schedule(slot, at_us, worker_now_us());
    if (!in_time) {
        count(&leds.late);
    }
    atomic_store_explicit(&slot->full, true, memory_order_release);
    leds.given++;
    worker_wake(WORKER_LEDS);
    return in_time ? LED_ARMED : LED_LATE;
}

int32_t led_show_done(unsigned strip) {
    return (int32_t)atomic_load_explicit(&leds.done[strip], memory_order_relaxed) - 1;
}

led_stats_t led_show_stats(void) {
    durations_summary_t start_error = durations_summary(&leds.start_error);
    durations_summary_t wake_late = durations_summary(&leds.wake_late);
    led_stats_t stats = {
        .shown = atomic_load_explicit(&leds.shown, memory_order_relaxed),
        .late = atomic_load_explicit(&leds.late, memory_order_relaxed),
        .busy = atomic_load_explicit(&leds.busy, memory_order_relaxed),
        .errors = atomic_load_explicit(&leds.errors, memory_order_relaxed),
        .start_error_max_us = start_error.max,
        .start_error_p99_us = start_error.p99,
        .wake_late_max_us = wake_late.max,
        .wake_late_p99_us = wake_late.p99,
        .last_error = atomic_load_explicit(&leds.last_error, memory_order_relaxed),
    };
    return stats;
}
