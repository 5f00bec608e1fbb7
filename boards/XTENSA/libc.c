// What MicroPython takes for granted of a C library, beyond the tools' runtime (memory.c there).
#include <math.h>
#include <stddef.h>
#include <string.h>

int strncmp(const char *a, const char *b, size_t size) {
    for (; size > 0 && *a && *a == *b; size--, a++, b++) {
    }
    return size == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *text, int wanted) {
    for (; *text != (char)wanted; text++) {
        if (*text == 0) {
            return NULL;
        }
    }
    return (char *)text;
}

char *strstr(const char *text, const char *wanted) {
    size_t size = strlen(wanted);
    for (; strncmp(text, wanted, size) != 0; text++) {
        if (*text == 0) {
            return NULL;
        }
    }
    return (char *)text;
}

char *strcpy(char *to, const char *from) {
    memcpy(to, from, strlen(from) + 1);
    return to;
}

void *memchr(const void *data, int wanted, size_t size) {
    for (const unsigned char *at = data; size > 0; size--, at++) {
        if (*at == (unsigned char)wanted) {
            return (void *)at;
        }
    }
    return NULL;
}

// ---- what <math.h>'s isinf and isnan call --------------------------------------------------------------------------

int __isnanf(float value) {
    return value != value;
}

int __isinff(float value) {
    return value - value != 0 && value == value;
}
