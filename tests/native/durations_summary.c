// Reads numbers, one per line, and prints what the histogram makes of them.
#include <stdio.h>

#include "durations.h"

static durations_t durations;

int main(void) {
    long long us;
    while (scanf("%lld", &us) == 1) {
        durations_add(&durations, us);
    }
    durations_summary_t summary = durations_summary(&durations);
    printf("%u %u\n", summary.max, summary.p99);
    return 0;
}
