// Threads that run C beside the interpreter: they hold no GIL, touch no Python object and own static memory only,
// so nothing Python does (a long loop, a collection, a soft reset) can stop or slow them.
//
// On ESP32 a FreeRTOS task (worker_idf.c), on the SIM board a pthread (boards/SIM/sim_worker.c). Times are in
// microseconds of the clock behind time.ticks_us(), before it is taken modulo 2^30.
#ifndef LIGHTWAVE_WORKER_H
#define LIGHTWAVE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    WORKER_LEDS,  // core 1, above everything there: a frame starts on time whatever Python does
    WORKER_AUDIO, // core 0, below WiFi: the analysis may wait for a packet, not the other way round
    WORKERS
} worker_t;

#define WORKER_FOREVER INT64_MAX
#define WORKER_TICKS_MASK 0x3fffffffu // time.ticks_us(): modulo 2^30

// Run body on the worker. False when the previous one has not been joined, or the system has no thread to give.
// Start and join of one worker must not overlap each other.
bool worker_start(worker_t worker, void (*body)(void));

// Wait until body has returned; at once when none was started. False when timeout_ms were not enough: it still runs.
bool worker_join(worker_t worker, uint32_t timeout_ms);

// For body: sleep until a time, or until worker_wake. A wake that came before is kept, so none is lost; more than
// one is kept as one. May end early: callers look at their condition again.
void worker_wait_until(worker_t worker, int64_t until_us);
void worker_wake(worker_t worker); // from any thread

int64_t worker_now_us(void);
void worker_sleep_ms(uint32_t ms); // the calling thread

// For people: the core the worker last ran on (-1 before its first start), and the bytes of its stack that were
// never used.
int worker_core(worker_t worker);
uint32_t worker_stack_free(worker_t worker);

#endif
