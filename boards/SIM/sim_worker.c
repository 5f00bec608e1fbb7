// firmware/native's workers as pthreads, each on a stack of its own whose use can be measured.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "sim.h"
#include "worker.h"

// The board gives 8 KB; on top comes what the host's C library wants of every thread (PTHREAD_STACK_MIN) and, for
// paths, of the journal.
#define STACK_SIZE (32 * 1024)
#define PAINT (0xa5)

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started; // not joined yet; the caller's
    bool ended;
    bool woken;
    int last_core;
    void (*body)(void);
    pthread_t thread;
    uint8_t stack[STACK_SIZE] __attribute__((aligned(64)));
} thread_t;

static thread_t threads[WORKERS];

__attribute__((constructor)) static void sim_worker_init(void) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (unsigned i = 0; i < WORKERS; ++i) {
        pthread_mutex_init(&threads[i].lock, NULL);
        pthread_cond_init(&threads[i].changed, &monotonic);
        threads[i].last_core = -1;
        memset(threads[i].stack, PAINT, STACK_SIZE);
    }
}

static void *thread_entry(void *arg) {
    thread_t *self = arg;
    // The board pins its tasks; the host runs this thread where it likes.
    __atomic_store_n(&self->last_core, sched_getcpu(), __ATOMIC_RELAXED);
    self->body();
    pthread_mutex_lock(&self->lock);
    self->ended = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

bool worker_start(worker_t worker, void (*body)(void)) {
    thread_t *self = &threads[worker];
    if (self->started) {
        return false;
    }
    self->body = body;
    self->ended = self->woken = false;
    // No signal meant for Python threads may end up here: the collector's would wait for an answer for ever.
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, self->stack, STACK_SIZE);
    self->started = pthread_create(&self->thread, &attributes, thread_entry, self) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    return self->started;
}

static struct timespec at(int64_t host_ns) {
    struct timespec time = { .tv_sec = host_ns / 1000000000, .tv_nsec = host_ns % 1000000000 };
    return time;
}

bool worker_join(worker_t worker, uint32_t timeout_ms) {
    thread_t *self = &threads[worker];
    if (!self->started) {
        return true;
    }
    struct timespec deadline = at(sim_host_ns() + timeout_ms * 1000000LL);
    int result = 0;
    pthread_mutex_lock(&self->lock);
    while (!self->ended && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&self->changed, &self->lock, &deadline);
    }
    bool ended = self->ended;
    pthread_mutex_unlock(&self->lock);
    if (ended) {
        pthread_join(self->thread, NULL); // now it is off its stack as well
        self->started = false;
    }
    return ended;
}

void worker_wait_until(worker_t worker, int64_t until_us) {
    thread_t *self = &threads[worker];
    int result = 0;
    pthread_mutex_lock(&self->lock);
    while (!self->woken && result != ETIMEDOUT) {
        if (until_us == WORKER_FOREVER) {
            pthread_cond_wait(&self->changed, &self->lock);
        } else {
            struct timespec deadline = at(sim_host_from_node(until_us * 1000));
            result = pthread_cond_timedwait(&self->changed, &self->lock, &deadline);
        }
    }
    self->woken = false;
    pthread_mutex_unlock(&self->lock);
}

void worker_wake(worker_t worker) {
    thread_t *self = &threads[worker];
    pthread_mutex_lock(&self->lock);
    self->woken = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

int64_t worker_now_us(void) {
    return sim_node_ns() / 1000;
}

void worker_sleep_ms(uint32_t ms) {
    sim_sleep_until_host(sim_host_ns() + ms * 1000000LL);
}

int worker_core(worker_t worker) {
    return __atomic_load_n(&threads[worker].last_core, __ATOMIC_RELAXED);
}

// Read while the thread may be writing above: bytes still painted are nobody's.
uint32_t worker_stack_free(worker_t worker) {
    const volatile uint8_t *stack = threads[worker].stack;
    uint32_t untouched = 0;
    while (untouched < STACK_SIZE && stack[untouched] == PAINT) {
        ++untouched;
    }
    return untouched;
}
