// The seqlock and the snapshot on it, one case per run: `lock_free CASE SCALE` prints name=number pairs.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "seqlock.h"
#include "snapshot.h"

#define READERS 2
#define CROWD 500
#define SUSPENDED_NS 20000 // a publication takes a fiftieth of this; longer, and the host suspended it half way

static atomic_bool stop;
static unsigned long scale;
static _Atomic unsigned long reads, mixed, backwards, slow;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_ns(int64_t ns) {
    struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
    nanosleep(&time, NULL);
}

// Everything derived from the hop, so that a copy of two publications gives itself away.
static void fill(snapshot_t *snapshot, uint32_t hop) {
    memset(snapshot, 0, sizeof(*snapshot));
    snapshot->hop = snapshot->hop_check = hop;
    snapshot->captured_us = hop * 3;
    snapshot->published_us = hop * 5;
    snapshot->vu_peak = (uint16_t)(hop * 7);
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        snapshot->spectrum[b] = (uint16_t)(hop * 19 + b);
    }
}

static void check(const snapshot_t *got, uint32_t *last) {
    snapshot_t expected;
    fill(&expected, got->hop);
    if (memcmp(&expected, got, sizeof(expected)) != 0 && got->hop != 0) {
        atomic_fetch_add(&mixed, 1);
    }
    if (got->hop < *last) {
        atomic_fetch_add(&backwards, 1);
    }
    *last = got->hop;
}

static void *reader(void *unused) {
    (void)unused;
    snapshot_t got;
    uint32_t last = 0;
    unsigned long done = 0;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        if (snapshot_read(&got)) {
            check(&got, &last);
        }
        if (++done % 1024 == 0) {
            atomic_fetch_add(&reads, 1024);
        }
    }
    return NULL;
}

static void print_counts(uint32_t published) {
    snapshot_counts_t counts = snapshot_counts();
    printf("reads=%lu published=%u retries=%u failures=%u torn=%u mixed=%lu backwards=%lu\n", atomic_load(&reads),
        published, counts.retries, counts.failures, counts.torn, atomic_load(&mixed), atomic_load(&backwards));
}

static void with_readers(void (*body)(void)) {
    pthread_t threads[READERS];
    for (unsigned i = 0; i < READERS; i++) {
        if (pthread_create(&threads[i], NULL, reader, NULL) != 0) {
            exit(3);
        }
    }
    body();
    atomic_store(&stop, true);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

// ---- cases ----------------------------------------------------------------------------------------------------

// A writer that died half way: readers give up after exactly their attempts, and the next write heals the lock.
static void abandoned(void) {
    static seqlock_t lock;
    static seqlock_word_t shared[4];
    uint32_t words[4] = {1, 2, 3, 4}, got[4] = {0};
    seqlock_write(&lock, shared, words, 4);
    atomic_fetch_add(&lock.sequence, 1);
    bool read = seqlock_read(&lock, shared, got, 4);
    printf("read=%d retries=%u failures=%u ", read, atomic_load(&lock.retries), atomic_load(&lock.failures));
    words[0] = 9;
    seqlock_write(&lock, shared, words, 4);
    read = seqlock_read(&lock, shared, got, 4);
    printf("healed=%d first=%u sequence=%u\n", read, got[0], atomic_load(&lock.sequence));
}

// The sequence passes 2^32 as if nothing were there.
static void wrap(void) {
    static seqlock_t lock;
    static seqlock_word_t shared[2];
    unsigned good = 0;
    atomic_store(&lock.sequence, UINT32_MAX - 5);
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t words[2] = {i, ~i}, got[2];
        seqlock_write(&lock, shared, words, 2);
        good += seqlock_read(&lock, shared, got, 2) && got[0] == i && got[1] == ~i;
    }
    printf("good=%u retries=%u sequence=%u\n", good, atomic_load(&lock.retries), atomic_load(&lock.sequence));
}

static void publish_flat_out(void) {
    snapshot_t snapshot;
    int64_t begin = now_ns();
    for (uint32_t hop = 1; hop <= scale; hop++) {
        fill(&snapshot, hop);
        snapshot_publish(&snapshot);
    }
    printf("ns_each=%ld ", (long)((now_ns() - begin) / (int64_t)scale));
}

// A writer that never pauses, and never waits for its readers either.
static void flat_out(void) {
    with_readers(publish_flat_out);
    print_counts((uint32_t)scale);
}

static void publish_at_the_pace_of_hops(void) {
    snapshot_t snapshot;
    uint32_t hop = 0, random = 1, suspended = 0;
    int64_t least = now_ns() + 2000000000;
    while (atomic_load(&reads) < scale || now_ns() < least) {
        fill(&snapshot, ++hop);
        int64_t begin = now_ns();
        snapshot_publish(&snapshot);
        suspended += now_ns() - begin > SUSPENDED_NS;
        random = random * 1664525u + 1013904223u;
        sleep_ns(4000000 + random % 4000000);
    }
    printf("hops=%u suspended=%u ", hop, suspended);
}

// One publication per 4 to 8 ms, as on the board.
static void paced(void) {
    with_readers(publish_at_the_pace_of_hops);
    print_counts(0);
}

static pthread_barrier_t barrier;

static void *one_of_a_crowd(void *unused) {
    (void)unused;
    snapshot_t got;
    uint32_t last = 0;
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < 10; i++) {
        if (snapshot_read(&got)) {
            check(&got, &last);
            atomic_fetch_add(&reads, 1);
        } else {
            atomic_fetch_add(&slow, 1);
        }
    }
    return NULL;
}

// 500 readers at once, each ten times, while hops are being published.
static void crowd(void) {
    static pthread_t threads[CROWD];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_barrier_init(&barrier, NULL, CROWD + 1);
    for (unsigned i = 0; i < CROWD; i++) {
        if (pthread_create(&threads[i], &small, one_of_a_crowd, NULL) != 0) {
            exit(3);
        }
    }
    pthread_barrier_wait(&barrier);
    snapshot_t snapshot;
    for (uint32_t hop = 1; hop <= 20; hop++) {
        fill(&snapshot, hop);
        snapshot_publish(&snapshot);
        sleep_ns(1000000);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("timeouts=%lu ", atomic_load(&slow));
    print_counts(20);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"abandoned", abandoned}, {"wrap", wrap}, {"flat_out", flat_out}, {"paced", paced}, {"crowd", crowd}};
    scale = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    snapshot_reset();
    for (unsigned i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run();
            return 0;
        }
    }
    return 2;
}
