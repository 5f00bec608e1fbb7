#define _GNU_SOURCE
#include "scripted_board.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio_port.h"
#include "led_port.h"
#include "worker.h"

struct script script;

uint32_t script_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void sleep_until(int64_t us) {
    struct timespec until = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void script_sleep_us(uint32_t us) {
    sleep_until(worker_now_us() + us);
}

// ---- workers --------------------------------------------------------------------------------------------------

static struct thread {
    pthread_t id;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, ended, woken;
    void (*body)(void);
} threads[WORKERS] = {
    {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER},
};

static void *entry(void *arg) {
    struct thread *self = arg;
    self->body();
    pthread_mutex_lock(&self->lock);
    self->ended = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

bool worker_start(worker_t worker, void (*body)(void)) {
    struct thread *self = &threads[worker];
    if (self->started) {
        return false;
    }
    self->body = body;
    self->ended = self->woken = false;
    self->started = pthread_create(&self->id, NULL, entry, self) == 0;
    return self->started;
}

static struct timespec realtime_in(int64_t us) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t ns = now.tv_nsec + us * 1000;
    struct timespec until = { .tv_sec = now.tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000 };
    return until;
}

bool worker_join(worker_t worker, uint32_t timeout_ms) {
    struct thread *self = &threads[worker];
    if (!self->started) {
        return true;
    }
    struct timespec until = realtime_in(timeout_ms * 1000LL);
    int result = 0;
    pthread_mutex_lock(&self->lock);
    while (!self->ended && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&self->changed, &self->lock, &until);
    }
    bool ended = self->ended;
    pthread_mutex_unlock(&self->lock);
    if (ended) {
        pthread_join(self->id, NULL);
        self->started = false;
    }
    return ended;
}

void worker_wait_until(worker_t worker, int64_t until_us) {
    struct thread *self = &threads[worker];
    int64_t left_us = until_us == WORKER_FOREVER ? 1000000 : until_us - worker_now_us(); // may end early
    struct timespec until = realtime_in(left_us < 0 ? 0 : left_us);
    int result = 0;
    pthread_mutex_lock(&self->lock);
    while (!self->woken && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&self->changed, &self->lock, &until);
    }
    self->woken = false;
    pthread_mutex_unlock(&self->lock);
}

void worker_wake(worker_t worker) {
    struct thread *self = &threads[worker];
    pthread_mutex_lock(&self->lock);
    self->woken = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

int64_t worker_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

void worker_sleep_ms(uint32_t ms) {
    script_sleep_us(ms * 1000);
}

// ---- LED driver -----------------------------------------------------------------------------------------------

const int32_t led_port_lead_us = 30;
const uint32_t led_port_slots = 2;

static atomic_uint in_flight;
static atomic_uint transmissions;

int led_port_open(const led_strip_t strips[LED_STRIPS]) {
    (void)strips;
    int error = atomic_load(&script.open_error);
    if (error == 0) {
        atomic_fetch_add(&script.opened, 1);
    }
    return error;
}

void led_port_close(void) {
    atomic_fetch_sub(&script.opened, 1);
}

void *led_port_allocate(size_t size) {
    return malloc(size);
}

void led_port_free(void *memory) {
    free(memory);
}

int led_port_transmit(const led_frame_t *frame, led_times_t *times) {
    unsigned fail_every = atomic_load(&script.fail_every);
    if (fail_every > 0 && atomic_fetch_add(&transmissions, 1) % fail_every == fail_every - 1) {
        return SCRIPT_ERROR;
    }
    if (atomic_fetch_add(&in_flight, 1) != 0) {
        atomic_fetch_add(&script.overlaps, 1);
    }
    sleep_until(frame->begin_us);
    memset(times, 0, sizeof(*times));
    times->start_us = frame->begin_us;
    size_t longest = frame->count[0] > frame->count[1] ? frame->count[0] : frame->count[1];
    sleep_until(frame->begin_us + (int64_t)longest * LED_BYTE_US);
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        times->end_us[i] = frame->begin_us + (int64_t)frame->count[i] * LED_BYTE_US;
    }
    if (script.sent != NULL) { // only now: whoever wrote into the frame while it was on the wire has spoilt it
        script.sent(frame->bytes[0], frame->count[0], frame->begin_us);
    }
    atomic_fetch_add(&script.sent_count, 1);
    atomic_fetch_sub(&in_flight, 1);
    return 0;
}

// ---- microphone -----------------------------------------------------------------------------------------------

static uint32_t reads;
static uint32_t samples_read;
static int64_t next_block_us;

int32_t script_sample(uint32_t n) {
    return (int32_t)((n * 2654435761u) & 0x3fffff00u) - 0x20000000;
}

int audio_port_open(const audio_source_t *source) {
    (void)source;
    int error = atomic_load(&script.microphone_error);
    if (error == 0) {
        atomic_fetch_add(&script.opened, 1);
        reads = samples_read = 0;
        next_block_us = worker_now_us();
    }
    return error;
}

void audio_port_close(void) {
    atomic_fetch_sub(&script.opened, 1);
}

int audio_port_read(int32_t samples[AUDIO_BLOCK_FRAMES], int64_t *captured_us) {
    unsigned fail_every = atomic_load(&script.microphone_fail_every);
    if (script.before_read != NULL) {
        script.before_read(samples_read);
    }
    next_block_us += atomic_load(&script.block_us);
    sleep_until(next_block_us);
    if (fail_every > 0 && ++reads % fail_every == 0) {
        return SCRIPT_ERROR;
    }
    for (unsigned i = 0; i < AUDIO_BLOCK_FRAMES; i++) {
        samples[i] = script_sample(samples_read++);
    }
    *captured_us = next_block_us;
    return 0;
}

uint32_t audio_port_overruns(void) {
    return 3;
}
