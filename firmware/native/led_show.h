// Frames shown at a given tick: a double buffer between whoever renders and a worker that starts the strips.
//
// led_show copies both strips' bytes and returns; the worker starts them at the tick. One frame may be on the wire
// while the next waits for its tick; a third is refused, never queued: it would be late and make the next late too.
// Whether a frame is a third, or late, is decided on the clock alone, so it does not depend on how soon a host's
// scheduler lets the worker run.
// A frame handed over too late for its tick is shown at once and counted.
//
// start, stop and show must not overlap each other (the binding holds the GIL); done and stats may be called by any
// thread at any time. Only start allocates, only stop waits.
#ifndef LIGHTWAVE_LED_SHOW_H
#define LIGHTWAVE_LED_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "led_port.h"

#define LED_AHEAD_MAX_US 1000000 // a tick further ahead is a mistake that would hold the strips for minutes

enum {
    LED_ARMED = 0,
    LED_LATE = 1,      // the tick has passed, or the wire is busy beyond it: starts as soon as it can
    LED_BUSY = -1,     // one frame is on the wire and another waits: this one is dropped
    LED_STOPPED = -2,
    LED_TOO_LONG = -3, // more bytes than the strip has
    LED_TOO_FAR = -4,  // the tick is more than LED_AHEAD_MAX_US ahead
    LED_NO_MEMORY = -5,
    LED_FAILED = -6, // the driver refused; its own code is in the statistics
};

typedef struct {
    uint32_t shown; // frames that went out completely
    uint32_t late;  // of those handed over: too late for their tick
    uint32_t busy;
    uint32_t errors; // transmissions the driver failed, and frames refused as TOO_LONG or TOO_FAR
    uint32_t start_error_max_us; // |first bit - tick| of the frames that were in time
    uint32_t start_error_p99_us;
    uint32_t wake_late_max_us; // how late the scheduler let the worker run
    uint32_t wake_late_p99_us;
    int32_t last_error; // the driver's, 0 = none so far
} led_stats_t;

// 0, LED_BUSY (the driver hangs in an earlier frame), LED_NO_MEMORY or LED_FAILED. strips[0] has 1..LED_STRIP_MAX
// LEDs, strips[1] may have none. A start while running stops first. The statistics begin anew.
int led_show_start(const led_strip_t strips[LED_STRIPS]);

// Wait for what is on the wire or due, drop what waits for a later tick. False when the driver hangs: the strips then stay taken.
bool led_show_stop(void);

// One of the codes above. tick_us is modulo 2^30; counts are bytes, 0 leaves a strip as it is.
int led_show(const uint8_t *const bytes[LED_STRIPS], const size_t counts[LED_STRIPS], uint32_t tick_us);

// Tick (modulo 2^30) at which the last bit of the strip's newest complete frame ended; -1 before the first.
int32_t led_show_done(unsigned strip);

led_stats_t led_show_stats(void);

#endif
