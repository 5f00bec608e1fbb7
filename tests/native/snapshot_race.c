// One thread publishes as fast as it can, one reads: `snapshot_race READS`. Every published field is derived
// from its hop, so a copy that mixes two publications gives itself away whatever the lock says.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

static atomic_bool stop;
static uint32_t published;

static void fill(snapshot_t *snapshot, uint32_t hop) {
    snapshot->hop = hop;
    snapshot->captured_us = hop * 3;
    snapshot->published_us = hop * 5;
    snapshot->vu_peak = (uint16_t)(hop * 7);
    snapshot->vu_rms = (uint16_t)(hop * 11);
    snapshot->flags = (uint16_t)(hop * 13);
    snapshot->bins = (uint16_t)(hop * 17);
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        snapshot->spectrum[b] = (uint16_t)(hop * 19 + b);
    }
    snapshot->hop_check = hop;
}

static void *writer(void *unused) {
    (void)unused;
    snapshot_t snapshot;
    uint32_t hop = 0;
    while (!atomic_load(&stop)) {
        fill(&snapshot, ++hop);
        snapshot_publish(&snapshot);
    }
    published = hop;
    return NULL;
}

int main(int argc, char **argv) {
    unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    unsigned long reads = 0, mixed = 0, backwards = 0;
    uint32_t last = 0;
    pthread_t thread;
    snapshot_t expected, got;
    memset(&expected, 0, sizeof(expected));
    snapshot_reset();
    if (pthread_create(&thread, NULL, writer, NULL) != 0) {
        perror("pthread_create");
        return 1;
    }
    while (reads < wanted) {
        if (!snapshot_read(&got)) {
            continue; // the writer was suspended half way; counted by the lock
        }
        reads++;
        backwards += got.hop < last;
        last = got.hop;
        if (got.hop != 0) {
            fill(&expected, got.hop);
            mixed += memcmp(&expected, &got, sizeof(got)) != 0;
        }
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    snapshot_counts_t counts = snapshot_counts();
    printf("reads=%lu published=%u retries=%u failures=%u torn=%u mixed=%lu backwards=%lu\n", reads, published,
        counts.retries, counts.failures, counts.torn, mixed, backwards);
    return 0;
}
