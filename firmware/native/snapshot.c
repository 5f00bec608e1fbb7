// The published snapshot and its lock. Static: it outlives every Python object, as the audio task does.
#include "snapshot.h"

#include <string.h>

#include "seqlock.h"

#define SNAPSHOT_WORDS (sizeof(snapshot_t) / sizeof(uint32_t))
_Static_assert(sizeof(snapshot_t) % sizeof(uint32_t) == 0, "the lock copies whole words");

static seqlock_t lock;
static seqlock_word_t published[SNAPSHOT_WORDS];
static seqlock_word_t torn;

// The struct is seen as words through a union: the defined way in C to look at the same bytes as another type.
typedef union {
    snapshot_t snapshot;
    uint32_t words[SNAPSHOT_WORDS];
} snapshot_words_t;

void snapshot_reset(void) {
    snapshot_t silence;
    memset(&silence, 0, sizeof(silence));
    snapshot_publish(&silence);
    atomic_store_explicit(&lock.retries, 0, memory_order_relaxed);
    atomic_store_explicit(&lock.failures, 0, memory_order_relaxed);
    atomic_store_explicit(&torn, 0, memory_order_relaxed);
}

void snapshot_publish(const snapshot_t *snapshot) {
    snapshot_words_t copy;
    copy.snapshot = *snapshot;
    copy.snapshot.hop_check = snapshot->hop;
    seqlock_write(&lock, published, copy.words, SNAPSHOT_WORDS);
}

bool snapshot_read(void *dst) {
    snapshot_words_t copy;
    if (!seqlock_read(&lock, published, copy.words, SNAPSHOT_WORDS)) {
        return false;
    }
    if (copy.snapshot.hop != copy.snapshot.hop_check) {
        atomic_fetch_add_explicit(&torn, 1, memory_order_relaxed);
    }
    memcpy(dst, &copy, sizeof(copy));
    return true;
}

snapshot_counts_t snapshot_counts(void) {
    snapshot_counts_t counts = {
        .retries = atomic_load_explicit(&lock.retries, memory_order_relaxed),
        .failures = atomic_load_explicit(&lock.failures, memory_order_relaxed),
        .torn = atomic_load_explicit(&torn, memory_order_relaxed),
    };
    return counts;
}
