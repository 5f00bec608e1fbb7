// A fair GIL. glibc's mutex lets the thread that releases it take it again at once, and a busy thread would starve
// the others for seconds; the ESP32 port yields after every release, so waiters get their turn in order. This is a
// ticket lock whose waiters sleep, each on a word of its own.

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "py/mpstate.h"
#include "py/mpthread.h"
#include "sim.h"

// More waiters than slots share a word and re-check: correct, only slower. A node runs a handful of threads.
#define SLOTS (64)

static uint32_t next_ticket;
static uint32_t now_serving; // written by the holder only
static uint32_t turn[SLOTS]; // turn[t % SLOTS] == t when ticket t may run

static void wait_turn(uint32_t ticket) {
    uint32_t *word = &turn[ticket % SLOTS];
    // The VM takes the GIL back between a failed system call and its look at errno.
    int callers_errno = errno;
    for (;;) {
        uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
        if (seen == ticket) {
            break;
        }
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    }
    errno = callers_errno;
}

static void gil_take(void) {
    wait_turn(__atomic_fetch_add(&next_ticket, 1, __ATOMIC_SEQ_CST));
}

static void gil_release(void) {
    uint32_t ticket = ++now_serving;
    uint32_t *word = &turn[ticket % SLOTS];
    __atomic_store_n(word, ticket, __ATOMIC_SEQ_CST);
    // Uncontended, nobody has drawn the next ticket yet, and whoever does finds its turn already set.
    if (__atomic_load_n(&next_ticket, __ATOMIC_SEQ_CST) != ticket) {
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, SLOTS, NULL, NULL, 0);
    }
}

// The VM's loop hook (mpconfigvariant.h) comes here every 32 branches. The VM's own release-then-take would not do:
// the kernel may run the thread it wakes first, and a thread that is preempted between the two has no ticket yet, so
// the other keeps the GIL for a whole scheduler slice, milliseconds. Here the ticket is drawn before the release.
unsigned int sim_gil_branches_left = SIM_GIL_BRANCHES;

void sim_gil_bounce(void) {
    sim_gil_branches_left = SIM_GIL_BRANCHES;
    bool others_wait = __atomic_load_n(&next_ticket, __ATOMIC_SEQ_CST) != now_serving + 1;
    // Threads may switch only while no scheduled callback runs.
    if (others_wait && MP_STATE_VM(sched_state) == MP_SCHED_IDLE) {
        uint32_t ticket = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_SEQ_CST);
        gil_release();
        wait_turn(ticket);
    }
}

int __real_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait);
void __real_mp_thread_mutex_unlock(mp_thread_mutex_t *mutex);

int __wrap_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    if (mutex == &MP_STATE_VM(gil_mutex)) {
        gil_take();
        return 1;
    }
    return __real_mp_thread_mutex_lock(mutex, wait);
}

void __wrap_mp_thread_mutex_unlock(mp_thread_mutex_t *mutex) {
    if (mutex == &MP_STATE_VM(gil_mutex)) {
        gil_release();
    } else {
        __real_mp_thread_mutex_unlock(mutex);
    }
}

int __real_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size);

// The unix port takes its safety margin off a new thread's limit after it has started the thread, which may have read
// the limit by then: recursion would run off the stack before it is stopped. So the stack is larger than either limit.
int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
    const size_t beyond_the_limit = 64 * 1024;
    return __real_pthread_attr_setstacksize(attributes, size + beyond_the_limit);
}
