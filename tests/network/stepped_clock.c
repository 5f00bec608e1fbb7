// Preloaded into a hub: its clocks as this file says, so that a test steps them without touching the machine's.
// K1_TEST_CLOCK names a file of two 64-bit numbers, the nanoseconds by which CLOCK_MONOTONIC and CLOCK_REALTIME are
// ahead. What is waited for by an absolute time comes when it would have come. The kernel's stamps of datagrams know
// nothing of it, so a stepped wall clock is worse here than in the field, where only those under way are wrong.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S (1000000000LL)

static const volatile int64_t nothing[2];
static const volatile int64_t *ahead_ns = nothing;

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("K1_TEST_CLOCK");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(nothing), PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        ahead_ns = map;
    }
    if (fd >= 0) {
        close(fd);
    }
}

static int64_t ahead_of(clockid_t clock) {
    return clock == CLOCK_MONOTONIC ? ahead_ns[0] : clock == CLOCK_REALTIME ? ahead_ns[1] : 0;
}

static struct timespec shifted(struct timespec at, int64_t by_ns) {
    int64_t ns = at.tv_sec * NS_PER_S + at.tv_nsec + by_ns;
    return (struct timespec) { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int error = real(clock, now);
    if (error == 0) {
        *now = shifted(*now, ahead_of(clock));
    }
    return error;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
    static int (*real)(clockid_t, int, const struct timespec *, struct timespec *);
    if (real == NULL) {
        real = (int (*)(clockid_t, int, const struct timespec *, struct timespec *))dlsym(RTLD_NEXT, "clock_nanosleep");
    }
    struct timespec until = flags & TIMER_ABSTIME ? shifted(*time, -ahead_of(clock)) : *time;
    return real(clock, flags, &until, left);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *time) {
    static int (*real)(sem_t *, clockid_t, const struct timespec *);
    if (real == NULL) {
        real = (int (*)(sem_t *, clockid_t, const struct timespec *))dlsym(RTLD_NEXT, "sem_clockwait");
    }
    struct timespec until = shifted(*time, -ahead_of(clock));
    return real(semaphore, clock, &until);
}
