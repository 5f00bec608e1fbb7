// A sequence lock: one writer that never waits, any number of readers that retry.
//
// The sequence is odd while the writer is inside. A reader copies between two looks at it and keeps the copy
// only if both looks saw the same even number. The ordering is the one of Boehm, "Can Seqlocks Get Along With
// Programming Language Memory Models?" (MSPC 2012):
//   - the payload is copied as relaxed atomic words, so a copy that overlaps a write is not a data race, only
//     a copy to be thrown away;
//   - the writer's release fence keeps the odd sequence ahead of the payload stores, its release store keeps
//     the even sequence behind them;
//   - the reader's acquire load keeps the payload loads behind the first look, its acquire fence keeps them
//     ahead of the second.
// On Xtensa each fence is one MEMW; the words are plain loads and stores. It works between cores, so the
// writer may be an ESP32 task while the reader is a MicroPython thread, or both may be pthreads.
#ifndef LIGHTWAVE_SEQLOCK_H
#define LIGHTWAVE_SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A copy takes well under a microsecond and a publication comes every few milliseconds: a second attempt is
// already rare. The pause between attempts grows, so that all hundred together last about 0.1 ms: longer than an
// interrupt holds up the writer, and so they only fail when the writer was suspended half way. Waiting still longer
// would make a frame late.
#define SEQLOCK_ATTEMPTS 100

typedef _Atomic uint32_t seqlock_word_t;

typedef struct {
    seqlock_word_t sequence;
    seqlock_word_t retries;
    seqlock_word_t failures;
} seqlock_t;

static inline void seqlock_pause(unsigned steps) {
    while (steps-- > 0) {
#if defined(__i386__) || defined(__x86_64__)
        __builtin_ia32_pause();
#else
        __asm__ volatile("nop");
#endif
    }
}

// Single writer. A writer that was killed half way (a task deleted by a soft reset) leaves the sequence odd;
// the next write steps to the next odd number, so the lock heals by itself.
static inline void seqlock_write(seqlock_t *lock, seqlock_word_t *shared, const uint32_t *src, size_t words) {
    uint32_t odd = (atomic_load_explicit(&lock->sequence, memory_order_relaxed) + 1) | 1;
    atomic_store_explicit(&lock->sequence, odd, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < words; i++) {
        atomic_store_explicit(&shared[i], src[i], memory_order_relaxed);
    }
    atomic_store_explicit(&lock->sequence, odd + 1, memory_order_release);
}

// False after SEQLOCK_ATTEMPTS overlapped copies; dst then holds rubbish. Retries are added up at the end: counting
// each would fight the writer for the cache line that both wait for.
static inline bool seqlock_read(seqlock_t *lock, seqlock_word_t *shared, uint32_t *dst, size_t words) {
    bool whole = false;
    unsigned attempt = 0;
    for (; attempt < SEQLOCK_ATTEMPTS && !whole; attempt++) {
        seqlock_pause(attempt);
        uint32_t before = atomic_load_explicit(&lock->sequence, memory_order_acquire);
        if (before & 1) {
            continue;
        }
        for (size_t i = 0; i < words; i++) {
            dst[i] = atomic_load_explicit(&shared[i], memory_order_relaxed);
        }
        atomic_thread_fence(memory_order_acquire);
        whole = atomic_load_explicit(&lock->sequence, memory_order_relaxed) == before;
    }
    unsigned retries = whole ? attempt - 1 : attempt;
    if (retries > 0) {
        atomic_fetch_add_explicit(&lock->retries, retries, memory_order_relaxed);
    }
    if (!whole) {
        atomic_fetch_add_explicit(&lock->failures, 1, memory_order_relaxed);
    }
    return whole;
}

#endif
