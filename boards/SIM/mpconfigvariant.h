// The K1 SIM board: MicroPython's unix port dressed as the ESP32 port.
//
// Everything a firmware author can observe follows ports/esp32/mpconfigport.h; what differs is named here with
// its reason. Included by ports/unix/mpconfigport.h before its own defaults.

#define MICROPY_HW_BOARD_NAME                   "K1 SIM board"
#if defined(__x86_64__)
#define MICROPY_HW_MCU_NAME                     "x86_64"
#elif defined(__i386__)
#define MICROPY_HW_MCU_NAME                     "i386"
#else
#define MICROPY_HW_MCU_NAME                     "host CPU"
#endif
#define MICROPY_PY_SYS_PLATFORM                 "esp32"
// sim_boot sets the board's own path; nothing of the host's home may leak in.
#define MICROPY_PY_SYS_PATH_DEFAULT             ".frozen"

#define MICROPY_CONFIG_ROM_LEVEL                (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Numbers: float32 and 2^30 ticks as on the board, also where a 64-bit host would offer more.
#define MICROPY_FLOAT_IMPL                      (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_FLOAT_USE_NATIVE_FLT16          (0)
#define MICROPY_LONGINT_IMPL                    (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_PY_TIME_TICKS_PERIOD            (1 << 30)

// Threads share a GIL, bounced every 32 branches (DESIGN fact 1). The unix port's own lock code wants the
// recursive mutex, which a GIL build leaves out by default.
#define SIM_GIL_BRANCHES                        (32)
extern unsigned int sim_gil_branches_left;
void sim_gil_bounce(void);
#define MICROPY_VM_HOOK_LOOP                    if (--sim_gil_branches_left == 0) { sim_gil_bounce(); }
// The VM's own bouncing is replaced by the hook (sim_gil.c says why); this keeps it from ever coming up.
#define MICROPY_PY_THREAD_GIL_VM_DIVISOR        (1 << 30)
#define MICROPY_PY_THREAD_RECURSIVE_MUTEX       (1)
// Ctrl-C comes from the serial port's reader thread, which may not raise into a thread without the GIL.
#define MICROPY_ASYNC_KBD_INTR                  (0)
#define MICROPY_SCHEDULER_DEPTH                 (8)
void sim_event_notify(void);
#define MICROPY_SCHED_HOOK_SCHEDULED            sim_event_notify()

// The node's own clock (sim_clock.c).
unsigned int sim_ticks_us(void);
unsigned int sim_ticks_ms(void);
void sim_delay_ms(unsigned int ms);
#define mp_hal_ticks_us                         sim_ticks_us
#define mp_hal_ticks_ms                         sim_ticks_ms
#define mp_hal_delay_ms(ms)                     sim_delay_ms(ms)

#define MICROPY_PERSISTENT_CODE_LOAD            (1)
#define MICROPY_OPT_COMPUTED_GOTO               (1)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF  (1)
#define MICROPY_ERROR_REPORTING                 (MICROPY_ERROR_REPORTING_NORMAL)
#define MICROPY_WARNINGS                        (1)
#define MICROPY_STREAMS_POSIX_API               (1)
#define MICROPY_PY_MICROPYTHON_HEAP_LOCKED      (1)

// ports/unix/main.c does not link without.
#define MICROPY_DEBUG_PRINTERS                  (1)

#define MICROPY_PY_STR_BYTES_CMP_WARN           (1)
#define MICROPY_PY_ALL_INPLACE_SPECIAL_METHODS  (1)
#define MICROPY_PY_IO_BUFFEREDWRITER            (1)
#define MICROPY_PY_SYS_STDIO_BUFFER             (1)
#define MICROPY_PY_TIME                         (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS            (1)
#define MICROPY_PY_TIME_INCLUDEFILE             "ports/esp32/modtime.c"
#define MICROPY_PY_OS_INCLUDEFILE               "sim_os.h"
#define MICROPY_PY_OS_SYNC                      (1)
#define MICROPY_PY_OS_UNAME                     (1)
#define MICROPY_PY_OS_URANDOM                   (1)
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC        (mp_random_seed_init())
#define MICROPY_PY_HASHLIB_SHA256               (1)
#define MICROPY_PY_DEFLATE                      (1)
// select.poll() sleeps in the host's poll(); upstream then leaves out select.select(), which firmware has no use for.
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS   (1)
#define MICROPY_PY_SELECT_SELECT                (0)
#define MICROPY_PY_ASYNCIO                      (0)
#define MICROPY_VFS_ROM                         (0)
#define MICROPY_VFS_ROM_IOCTL                   (0)

// machine, esp32 and network are frozen modules over the C module _sim.
#define MICROPY_PY_MACHINE                      (0)

#define MICROPY_REPL_EMACS_KEYS                 (1)
#define MICROPY_USE_READLINE_HISTORY            (1)
#define MICROPY_READLINE_HISTORY_SIZE           (8)
