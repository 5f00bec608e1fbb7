// The node's serial port: the master side of a pty whose slave mpremote opens. Without one (K1_SIM_SERIAL_FD unset)
// stdin and stdout stand in. All output also goes to fd 1, the host's log.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "sim.h"

// One paste window of mpremote (256) many times over; more than that is lost, as in a UART's buffer.
#define RX_SIZE (4096)
#define KICK_PERIOD_MS (10)
#define REOPEN_PERIOD_MS (50)
#define TX_TIMEOUT_MS (200)

static int serial_fd = -1;
static bool input_ended;
static uint8_t rx_ring[RX_SIZE];
static uint32_t rx_put, rx_get;
static int interrupt_char = -1;
// Like a USB serial port, the line only holds up a writer while a reader has shown itself; otherwise a node that
// logs with nobody connected would stall for TX_TIMEOUT_MS whenever the pty's buffer is full.
static bool reader_present;

static void receive(uint8_t byte) {
    if (byte == __atomic_load_n(&interrupt_char, __ATOMIC_SEQ_CST)) {
        mp_sched_keyboard_interrupt();
        sim_event_notify();
        sim_kick_main_thread();
        return;
    }
    uint32_t put = __atomic_load_n(&rx_put, __ATOMIC_RELAXED);
    if (put - __atomic_load_n(&rx_get, __ATOMIC_ACQUIRE) < RX_SIZE) {
        rx_ring[put % RX_SIZE] = byte;
        __atomic_store_n(&rx_put, put + 1, __ATOMIC_RELEASE);
    }
}

static bool interrupt_pending(void) {
    return MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL;
}

static void *serial_reader(void *arg) {
    (void)arg;
    int fd = serial_fd >= 0 ? serial_fd : STDIN_FILENO;
    for (;;) {
        // A kick that comes just before the main thread enters a blocking call is lost; repeat until it is heard.
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        if (sim_host_poll(&readable, 1, interrupt_pending() ? KICK_PERIOD_MS : -1) == 0) {
            sim_kick_main_thread();
            continue;
        }
        uint8_t bytes[256];
        ssize_t count = read(fd, bytes, sizeof(bytes));
        if (count > 0) {
            __atomic_store_n(&reader_present, true, __ATOMIC_RELAXED);
            for (ssize_t i = 0; i < count; ++i) {
                receive(bytes[i]);
            }
            sim_event_notify();
        } else if (serial_fd >= 0) {
            // EIO: nobody has the slave open at the moment.
            sim_sleep_until_host(sim_host_ns() + REOPEN_PERIOD_MS * 1000000LL);
        } else {
            __atomic_store_n(&input_ended, true, __ATOMIC_SEQ_CST);
            sim_event_notify();
            return NULL;
        }
    }
}

void sim_serial_start(void) {
    serial_fd = (int)sim_env_int("K1_SIM_SERIAL_FD", -1);
    if (serial_fd >= 0) {
        fcntl(serial_fd, F_SETFL, fcntl(serial_fd, F_GETFL) | O_NONBLOCK);
    }
    sim_thread_start(serial_reader, NULL);
}

// ---- output ---------------------------------------------------------------------------------------------------

static void write_log(const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, text, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return; // the log's reader is gone; the node works on
        }
        text += count;
        length -= count;
    }
}

static void write_serial(const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(serial_fd, text, length);
        if (count > 0) {
            text += count;
            length -= count;
        } else if (errno == EAGAIN && __atomic_load_n(&reader_present, __ATOMIC_RELAXED)) {
            struct pollfd writable = { .fd = serial_fd, .events = POLLOUT };
            if (sim_host_poll(&writable, 1, TX_TIMEOUT_MS) == 0) {
                __atomic_store_n(&reader_present, false, __ATOMIC_RELAXED);
                return;
            }
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void write_both(const char *text, size_t length) {
    write_log(text, length);
    if (serial_fd >= 0) {
        write_serial(text, length);
    }
}

void sim_console_print(const char *text) {
    write_both(text, strlen(text));
}

mp_uint_t __wrap_mp_hal_stdout_tx_strn(const char *text, size_t length) {
    MP_THREAD_GIL_EXIT();
    write_both(text, length);
    MP_THREAD_GIL_ENTER();
    return length;
}

void __wrap_mp_hal_stdout_tx_str(const char *text) {
    __wrap_mp_hal_stdout_tx_strn(text, strlen(text));
}

void __wrap_mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    char out[256];
    size_t used = 0;
    for (size_t i = 0; i < length; ++i) {
        if (used + 2 > sizeof(out)) {
            __wrap_mp_hal_stdout_tx_strn(out, used);
            used = 0;
        }
        if (text[i] == '\n') {
            out[used++] = '\r';
        }
        out[used++] = text[i];
    }
    if (used > 0) {
        __wrap_mp_hal_stdout_tx_strn(out, used);
    }
}

// Where the interpreter reports exceptions that end a thread.
static void print_cooked(void *env, const char *text, size_t length) {
    (void)env;
    __wrap_mp_hal_stdout_tx_strn_cooked(text, length);
}

const mp_print_t __wrap_mp_stderr_print = { NULL, print_cooked };

// ---- input ----------------------------------------------------------------------------------------------------

static bool input_available(void) {
    return __atomic_load_n(&rx_put, __ATOMIC_ACQUIRE) != rx_get;
}

int __wrap_mp_hal_stdin_rx_chr(void) {
    for (;;) {
        uint32_t seen = sim_event_sequence();
        if (input_available()) {
            int byte = rx_ring[rx_get % RX_SIZE];
            __atomic_store_n(&rx_get, rx_get + 1, __ATOMIC_RELEASE);
            return byte;
        }
        if (__atomic_load_n(&input_ended, __ATOMIC_SEQ_CST)) {
            _exit(0); // stdin served as the serial port and has ended: power off
        }
        mp_handle_pending(true);
        MP_THREAD_GIL_EXIT();
        sim_event_wait(seen, -1);
        MP_THREAD_GIL_ENTER();
    }
}

void __wrap_mp_hal_set_interrupt_char(char c) {
    __atomic_store_n(&interrupt_char, c == (char)-1 ? -1 : (unsigned char)c, __ATOMIC_SEQ_CST);
}

// The pty is raw already; the host set it up.
void __wrap_mp_hal_stdio_mode_raw(void) {
}

void __wrap_mp_hal_stdio_mode_orig(void) {
}

static uintptr_t serial_poll(uintptr_t flags) {
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if ((flags & MP_STREAM_POLL_RD) && input_available()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

// sys.stdin and its siblings: upstream's bare-metal ones over the functions above. The names are those the linker
// resolves --wrap references to.
#undef mp_hal_stdio_poll
#define mp_hal_stdio_poll serial_poll
#define mp_hal_stdin_rx_chr __wrap_mp_hal_stdin_rx_chr
#define mp_hal_stdout_tx_strn __wrap_mp_hal_stdout_tx_strn
#define mp_hal_stdout_tx_strn_cooked __wrap_mp_hal_stdout_tx_strn_cooked
#define mp_sys_stdin_obj __wrap_mp_sys_stdin_obj
#define mp_sys_stdout_obj __wrap_mp_sys_stdout_obj
#define mp_sys_stderr_obj __wrap_mp_sys_stderr_obj
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "shared/runtime/sys_stdio_mphal.c"
