// How long something took, as a histogram that one thread fills and any other may read.
//
// Exact to 1 us below 32 us, then eight steps per octave (12.5 %) up to 1 s, where the last bucket takes the rest.
#ifndef LIGHTWAVE_DURATIONS_H
#define LIGHTWAVE_DURATIONS_H

#include <stdatomic.h>
#include <stdint.h>

#define DURATIONS_EXACT 32u
#define DURATIONS_OCTAVES 15u
#define DURATIONS_BUCKETS (DURATIONS_EXACT + DURATIONS_OCTAVES * 8u)

typedef struct {
    _Atomic uint32_t buckets[DURATIONS_BUCKETS];
    _Atomic uint32_t max;
} durations_t;

static inline uint32_t durations_bucket(uint32_t us) {
    if (us < DURATIONS_EXACT) {
        return us;
    }
    uint32_t octave = 31u - (uint32_t)__builtin_clz(us);
    uint32_t bucket = DURATIONS_EXACT + (octave - 5u) * 8u + ((us >> (octave - 3u)) & 7u);
    return bucket < DURATIONS_BUCKETS ? bucket : DURATIONS_BUCKETS - 1u;
}

// The longest duration that falls into a bucket.
static inline uint32_t durations_edge(uint32_t bucket) {
    if (bucket < DURATIONS_EXACT) {
        return bucket;
    }
    uint32_t octave = (bucket - DURATIONS_EXACT) / 8u + 5u;
    uint32_t step = (bucket - DURATIONS_EXACT) % 8u;
    return ((8u + step + 1u) << (octave - 3u)) - 1u;
}

static inline void durations_clear(durations_t *durations) {
    for (uint32_t i = 0; i < DURATIONS_BUCKETS; i++) {
        atomic_store_explicit(&durations->buckets[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&durations->max, 0, memory_order_relaxed);
}

static inline void durations_add(durations_t *durations, int64_t us) {
    uint32_t value = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    atomic_fetch_add_explicit(&durations->buckets[durations_bucket(value)], 1, memory_order_relaxed);
    if (value > atomic_load_explicit(&durations->max, memory_order_relaxed)) {
        atomic_store_explicit(&durations->max, value, memory_order_relaxed);
    }
}

typedef struct {
    uint32_t max;
    uint32_t p99; // 99 of 100 did not exceed it; never too small: the upper edge of its bucket, at most max
} durations_summary_t;

static inline durations_summary_t durations_summary(durations_t *durations) {
    uint32_t counts[DURATIONS_BUCKETS];
    uint64_t total = 0;
    for (uint32_t i = 0; i < DURATIONS_BUCKETS; i++) {
        counts[i] = atomic_load_explicit(&durations->buckets[i], memory_order_relaxed);
        total += counts[i];
    }
    // Behind the buckets and only once, so that the two numbers agree while the other thread goes on.
    durations_summary_t summary = {.max = atomic_load_explicit(&durations->max, memory_order_relaxed), .p99 = 0};
    if (total == 0) {
        return summary;
    }
    uint64_t longer = total / 100; // as many may be longer than p99
    uint32_t bucket = DURATIONS_BUCKETS - 1u;
    while (counts[bucket] <= longer) {
        longer -= counts[bucket--];
    }
    uint32_t edge = bucket < DURATIONS_BUCKETS - 1u ? durations_edge(bucket) : summary.max;
    summary.p99 = edge < summary.max ? edge : summary.max;
    return summary;
}

#endif
