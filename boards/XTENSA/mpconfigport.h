// MicroPython as a program for windowed-ABI Xtensa, run by qemu-user: what an ESP32-S3 executes, without the chip.
//
// Follows ports/esp32/mpconfigport.h wherever a script or a .mpy file can tell the difference: object representation
// (31-bit small integers), float32, the xtensawin emitter, the ticks' period, the frame of an exception handler. What
// needs a chip, FreeRTOS or a writable file system is left out. No threads: one stack, as qemu shows one core.
#include <alloca.h>
#include <stdint.h>
#include <sys/types.h>

#define MICROPY_HW_BOARD_NAME                   "K1 XTENSA board"
#define MICROPY_HW_MCU_NAME                     "qemu-xtensa de233_fpu"
#define MICROPY_PY_SYS_PLATFORM                 "xtensa"

#define MICROPY_CONFIG_ROM_LEVEL                (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX                            (0x7fffffff)

// Numbers and objects.
#define MICROPY_OBJ_REPR                        (MICROPY_OBJ_REPR_A)
#define MICROPY_FLOAT_IMPL                      (MICROPY_FLOAT_IMPL_FLOAT)
#define MP_NEED_LOG2                            (1) // lib/libm has none
#define MICROPY_LONGINT_IMPL                    (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_PY_TIME_TICKS_PERIOD            (1 << 30)

// Code. setjmp is ours (registers.S); its buffer has the 17 words that machine code in .mpy files expects.
#define MICROPY_NLR_SETJMP                      (1)
#define MICROPY_EMIT_XTENSAWIN                  (1)
#define MICROPY_PERSISTENT_CODE_LOAD            (1)
#define MICROPY_HAS_FILE_READER                 (1) // files.c
#define MICROPY_OPT_COMPUTED_GOTO               (1)

// Memory.
#define MICROPY_ENABLE_GC                       (1)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF  (1)
#define MICROPY_STACK_CHECK_MARGIN              (1024)
#define MICROPY_ALLOC_PATH_MAX                  (256)
#define MICROPY_PY_MICROPYTHON_HEAP_LOCKED      (1)

#define MICROPY_ERROR_REPORTING                 (MICROPY_ERROR_REPORTING_NORMAL)
#define MICROPY_WARNINGS                        (1)
#define MICROPY_PY_STR_BYTES_CMP_WARN           (1)
#define MICROPY_PY_ALL_INPLACE_SPECIAL_METHODS  (1)
#define MICROPY_PY_IO_BUFFEREDWRITER            (1)
#define MICROPY_SCHEDULER_DEPTH                 (8)
#define MICROPY_KBD_EXCEPTION                   (0)
#define MICROPY_USE_INTERNAL_ERRNO              (1)

// Modules.
#define MICROPY_PY_TIME                         (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS            (1)
#define MICROPY_PY_TIME_INCLUDEFILE             "ports/esp32/modtime.c"
#define MICROPY_PY_HASHLIB_SHA256               (1)
#define MICROPY_PY_ASYNCIO                      (0)
#define MICROPY_PY_FRAMEBUF                     (0)
#define MICROPY_PY_SYS_STDIO_BUFFER             (1)

#define MP_STATE_PORT                           MP_STATE_VM
