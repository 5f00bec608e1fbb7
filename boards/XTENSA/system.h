// System calls of Linux on Xtensa, as far as this port needs them.
#ifndef K1_XTENSA_SYSTEM_H
#define K1_XTENSA_SYSTEM_H

#include <stddef.h>

// Numbers: Linux, arch/xtensa.
enum {
    SYSTEM_OPEN = 8,
    SYSTEM_CLOSE = 9,
    SYSTEM_NANOSLEEP = 195,
    SYSTEM_CLOCK_GETTIME = 245,
};

// Exit codes of our own, besides a script's.
enum { EXIT_CONSOLE = 120, EXIT_FATAL = 121, EXIT_USAGE = 122 };

// The result, or minus an error number.
long system_call(long number, long a, long b, long c);

long read(int file, void *data, size_t size);
long write(int file, const void *data, size_t size);
void _exit(int code) __attribute__((noreturn));

#endif
