// Power-on, the main loop, and every kind of reset.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "py/builtin.h"
#include "py/objmodule.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/pyexec.h"
#include "sim.h"
#include "sim_module.h"

#define KICK_SIGNAL (SIGUSR1)

static char **board_argv;
static pthread_t main_thread;
static int reset_cause;
static uint32_t watchdog_timeout_ms;
static uint32_t watchdog_fed_ms;

const char *sim_env(const char *name, const char *fallback) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : fallback;
}

int64_t sim_env_int(const char *name, int64_t fallback) {
    const char *value = sim_env(name, NULL);
    return value != NULL ? strtoll(value, NULL, 0) : fallback;
}

void sim_path(char *out, size_t size, const char *name) {
    snprintf(out, size, "%s/%s", sim_env("K1_SIM_DIR", "."), name);
}

static void on_kick(int signal) {
    (void)signal; // its only effect is EINTR
}

// Power-on. argc and argv are glibc's, handed to every constructor; main() has not run yet.
__attribute__((constructor)) static void sim_board_init(int argc, char **argv) {
    (void)argc;
    board_argv = argv;
    main_thread = pthread_self();
    reset_cause = (int)sim_env_int("K1_SIM_RESET_CAUSE", SIM_PWRON_RESET);
    // No SA_RESTART: a kick has to end the system call.
    struct sigaction action = { .sa_handler = on_kick };
    sigaction(KICK_SIGNAL, &action, NULL);
}

void sim_kick_main_thread(void) {
    pthread_kill(main_thread, KICK_SIGNAL);
}

void sim_thread_start(void *(*entry)(void *), void *arg) {
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, entry, arg) != 0) {
        perror("k1-sim: cannot start a thread");
        abort();
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
}

// ---- resets ---------------------------------------------------------------------------------------------------

int sim_reset_cause(void) {
    return reset_cause;
}

static void keep_open(const char *fd_name) {
    int fd = (int)sim_env_int(fd_name, -1);
    if (fd > STDERR_FILENO) {
        fcntl(fd, F_SETFD, 0);
    }
}

static void put_env_int(const char *name, long value) {
    char text[24];
    snprintf(text, sizeof(text), "%ld", value);
    setenv(name, text, 1);
}

// A chip starts over with nothing but its flash. So does this process: it executes itself.
void sim_reset(int cause) {
    static bool under_way;
    if (__atomic_exchange_n(&under_way, true, __ATOMIC_SEQ_CST)) {
        for (;;) {
            pause(); // another thread is resetting; exec will end this one
        }
    }
    put_env_int("K1_SIM_RESET_CAUSE", cause);
    // The host tool keeps talking raw REPL across a soft reset; a hard one drops the line.
    put_env_int("K1_SIM_REPL_MODE", cause == SIM_SOFT_RESET ? pyexec_mode_kind : PYEXEC_MODE_FRIENDLY_REPL);
    // The task watchdog outlives a soft reset on the chip, and so it does here.
    put_env_int("K1_SIM_WDT_MS", cause == SIM_SOFT_RESET ? (long)watchdog_timeout_ms : 0);
    for (int fd = STDERR_FILENO + 1; fd < 1024; ++fd) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    keep_open("K1_SIM_SERIAL_FD");
    keep_open("K1_SIM_CONTROL_FD");
    // C threads block all signals, and the mask is inherited: a main thread deaf to the collector would hang.
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    execv("/proc/self/exe", board_argv);
    perror("k1-sim: cannot start over");
    _exit(70);
}

static uint32_t host_ms(void) {
    return (uint32_t)(sim_host_ns() / 1000000);
}

static void *watchdog(void *arg) {
    (void)arg;
    for (;;) {
        uint32_t timeout = __atomic_load_n(&watchdog_timeout_ms, __ATOMIC_SEQ_CST);
        uint32_t idle = host_ms() - __atomic_load_n(&watchdog_fed_ms, __ATOMIC_SEQ_CST);
        if (idle >= timeout) {
            sim_console_print("E (wdt) task_wdt: Task watchdog got triggered.\r\n");
            sim_reset(SIM_WDT_RESET);
        }
        sim_sleep_until_host(sim_host_ns() + (timeout - idle) * 1000000LL);
    }
}

void sim_watchdog_start(uint32_t timeout_ms) {
    bool running = watchdog_timeout_ms != 0;
    sim_watchdog_feed();
    __atomic_store_n(&watchdog_timeout_ms, timeout_ms, __ATOMIC_SEQ_CST);
    if (!running) {
        sim_thread_start(watchdog, NULL);
    }
}

void sim_watchdog_feed(void) {
    __atomic_store_n(&watchdog_fed_ms, host_ms(), __ATOMIC_SEQ_CST);
}

// ---- main loop ------------------------------------------------------------------------------------------------

static bool run_boot_scripts(void) {
    int result = pyexec_file_if_exists("boot.py");
    if (!(result & PYEXEC_FORCED_EXIT) && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && result != 0) {
        result = pyexec_file_if_exists("main.py");
    }
    return !(result & PYEXEC_FORCED_EXIT);
}

// _sim.run(): from the mounted filesystem on, what ports/esp32/main.c does. Never returns.
static mp_obj_t sim_run(void) {
    sim_serial_start();
    sim_wifi_start_control();
    if (reset_cause == SIM_SOFT_RESET && sim_env_int("K1_SIM_WDT_MS", 0) > 0) {
        sim_watchdog_start((uint32_t)sim_env_int("K1_SIM_WDT_MS", 0));
    }
    pyexec_mode_kind = (pyexec_mode_kind_t)sim_env_int("K1_SIM_REPL_MODE", PYEXEC_MODE_FRIENDLY_REPL);
    readline_init0();
    // Scripts run in a fresh __main__, not among the names of the frozen boot code that called this.
    mp_globals_set(&MP_STATE_VM(dict_main));
    mp_locals_set(&MP_STATE_VM(dict_main));
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)), MP_OBJ_NEW_QSTR(MP_QSTR___main__),
        MP_OBJ_FROM_PTR(&mp_module___main__));
    if (run_boot_scripts()) {
        for (;;) {
            int result = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
            if (result != 0) {
                break;
            }
        }
    }
    mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
    sim_reset(SIM_SOFT_RESET);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_run_obj, sim_run);
