// The node's clock, its RTOS tick, and the ways of waiting on them.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "sim.h"

#define NS_PER_S (1000000000LL)

static int64_t offset_ns;
static int64_t skew_ppb;
static int64_t tick_ns = 1000000;

static uint32_t event_sequence;
static uint32_t event_waiters;
static int poll_event_fd = -1;
static uint32_t pollers;

// Runs after sim_board.c has the environment and before main(), which reads ticks while it seeds random.
__attribute__((constructor)) static void sim_clock_init(void) {
    // The kernel's default of 50 us would be added to every sleep; threads started later inherit this.
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    // A board shares its CPU with nobody. Where the host allows it, a node's threads run before ordinary programs;
    // the kernel keeps a twentieth of the time for those. As a plain interpreter (no board directory) it is one.
    if (sim_env("K1_SIM_DIR", NULL) != NULL) {
        sched_setscheduler(0, SCHED_RR, &(struct sched_param) { .sched_priority = 1 });
    }
    offset_ns = sim_env_int("K1_SIM_CLOCK_OFFSET_US", 0) * 1000;
    skew_ppb = (int64_t)(strtod(sim_env("K1_SIM_SKEW_PPM", "0"), NULL) * 1000.0);
    int64_t hz = sim_env_int("K1_SIM_TICK_HZ", 1000);
    tick_ns = NS_PER_S / (hz > 0 ? hz : 1000);
    poll_event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int64_t sim_host_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// What the skew adds to a host time. Split so that years of uptime times the skew stay within 64 bits.
static int64_t skew_of(int64_t host_ns) {
    return (host_ns / NS_PER_S) * skew_ppb + (host_ns % NS_PER_S) * skew_ppb / NS_PER_S;
}

int64_t sim_node_ns(void) {
    int64_t host_ns = sim_host_ns();
    return host_ns + skew_of(host_ns) + offset_ns;
}

int64_t sim_host_from_node(int64_t node_ns) {
    int64_t unshifted = node_ns - offset_ns;
    int64_t host_ns = unshifted;
    // Each round divides the error by 1e9 / skew_ppb; four are exact to the ns for any crystal.
    for (int i = 0; i < 4; ++i) {
        host_ns = unshifted - skew_of(host_ns);
    }
    return host_ns;
}

unsigned int sim_ticks_us(void) {
    return (unsigned int)(sim_node_ns() / 1000);
}

unsigned int sim_ticks_ms(void) {
    return (unsigned int)(sim_node_ns() / 1000000);
}

static struct timespec to_timespec(int64_t ns) {
    struct timespec ts = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
    return ts;
}

void sim_sleep_until_host(int64_t host_ns) {
    struct timespec until = to_timespec(host_ns);
    // The collector signals every Python thread to scan its stack, so EINTR is ordinary here.
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void sim_sleep_until_node(int64_t node_ns) {
    sim_sleep_until_host(sim_host_from_node(node_ns));
}

// ---- events ---------------------------------------------------------------------------------------------------

uint32_t sim_event_sequence(void) {
    return __atomic_load_n(&event_sequence, __ATOMIC_SEQ_CST);
}

void sim_event_notify(void) {
    __atomic_add_fetch(&event_sequence, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&event_waiters, __ATOMIC_SEQ_CST) != 0) {
        syscall(SYS_futex, &event_sequence, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
    }
    if (__atomic_load_n(&pollers, __ATOMIC_SEQ_CST) != 0) {
        (void)!write(poll_event_fd, &(uint64_t) {1}, sizeof(uint64_t));
    }
}

void sim_event_wait(uint32_t sequence_seen, int64_t deadline_host_ns) {
    struct timespec until = to_timespec(deadline_host_ns < 0 ? 0 : deadline_host_ns);
    __atomic_add_fetch(&event_waiters, 1, __ATOMIC_SEQ_CST);
    // One wait is enough: callers look at their condition again whatever ended it.
    syscall(SYS_futex, &event_sequence, FUTEX_WAIT_BITSET_PRIVATE, sequence_seen,
        deadline_host_ns < 0 ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    __atomic_sub_fetch(&event_waiters, 1, __ATOMIC_SEQ_CST);
}

// ---- time.sleep_* ---------------------------------------------------------------------------------------------

void sim_delay_us_holding_gil(uint32_t us) {
    // Below this a board does not look at pending events either: one callback would outlast the wait.
    const int64_t service_ns = 150000;
    const int64_t slice_ns = 1000000;
    int64_t deadline = sim_node_ns() + (int64_t)us * 1000;
    for (;;) {
        int64_t left = deadline - sim_node_ns();
        if (left <= 0) {
            return;
        }
        if (left > service_ns) {
            mp_handle_pending(true);
        }
        int64_t slice = left < slice_ns ? left : slice_ns;
        sim_sleep_until_node(deadline - left + slice);
    }
}

// As the ESP32 port's mp_hal_delay_ms: whole RTOS ticks are slept with the GIL released, waking on the tick grid;
// what is left below one tick is waited with the GIL held.
void sim_delay_ms(unsigned int ms) {
    int64_t deadline = sim_node_ns() + (int64_t)ms * 1000000;
    for (;;) {
        uint32_t seen = sim_event_sequence();
        mp_handle_pending(true);
        int64_t last_tick_after = deadline - tick_ns;
        if (ms == 0) {
            // A board that polls by sleep_ms(0) burns its own core; here that core is the other boards' as well.
            const int64_t yield_ns = 100000;
            MP_THREAD_GIL_EXIT();
            sim_sleep_until_node(sim_node_ns() + yield_ns);
            MP_THREAD_GIL_ENTER();
            return;
        }
        if (sim_node_ns() >= last_tick_after) {
            sim_gil_bounce();
            break;
        }
        int64_t wake = (last_tick_after + tick_ns - 1) / tick_ns * tick_ns;
        MP_THREAD_GIL_EXIT();
        sim_event_wait(seen, sim_host_from_node(wake));
        MP_THREAD_GIL_ENTER();
    }
    int64_t left = deadline - sim_node_ns();
    if (left > 0) {
        sim_delay_us_holding_gil((uint32_t)((left + 999) / 1000));
    }
}

// The unix port's mp_hal_delay_us() is an inline call of usleep(), which a signal cuts short.
int __wrap_usleep(unsigned int us) {
    sim_delay_us_holding_gil(us);
    return 0;
}

// ---- poll -----------------------------------------------------------------------------------------------------

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

int sim_host_poll(struct pollfd *fds, unsigned long count, int timeout_ms) {
    return __real_poll(fds, count, timeout_ms);
}

static bool work_is_pending(void) {
    return MP_STATE_VM(sched_state) == MP_SCHED_PENDING || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL;
}

// The first RTOS tick at which the board finds timeout_ms over, counting milliseconds as it does.
static int64_t timeout_tick(int timeout_ms) {
    int64_t over = (sim_node_ns() / 1000000 + timeout_ms) * 1000000;
    return (over + tick_ns - 1) / tick_ns * tick_ns;
}

// select.poll() lands here, without the GIL. Two differences from the host's: scheduled callbacks end it (EINTR,
// which the caller answers by running them), and once it had to wait it returns on an RTOS tick, because the board
// looks at its sockets and the time only then.
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    int ready = __real_poll(fds, count, 0);
    if (ready != 0 || timeout_ms == 0) {
        return ready;
    }
    struct pollfd with_event[count + 1];
    memcpy(with_event, fds, count * sizeof(*fds));
    with_event[count] = (struct pollfd) { .fd = poll_event_fd, .events = POLLIN };
    struct timespec left = { 0 };
    if (timeout_ms > 0) {
        int64_t left_ns = sim_host_from_node(timeout_tick(timeout_ms)) - sim_host_ns();
        left = to_timespec(left_ns > 0 ? left_ns : 0);
    }

    __atomic_add_fetch(&pollers, 1, __ATOMIC_SEQ_CST);
    // A notifier that saw no poller has set its work before; then it is seen here.
    ready = work_is_pending() ? 1 : ppoll(with_event, count + 1, timeout_ms < 0 ? NULL : &left, NULL);
    __atomic_sub_fetch(&pollers, 1, __ATOMIC_SEQ_CST);
    if (ready <= 0) {
        return ready; // time over, or EINTR from the collector or Ctrl-C
    }
    uint64_t drained;
    (void)!read(poll_event_fd, &drained, sizeof(drained));
    if (!work_is_pending()) {
        sim_sleep_until_node((sim_node_ns() / tick_ns + 1) * tick_ns);
        ready = __real_poll(fds, count, 0);
    }
    if (ready == 0 || work_is_pending()) {
        errno = EINTR;
        return -1;
    }
    return ready;
}
