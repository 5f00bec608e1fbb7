// The memory and string functions that compiled C takes for granted; word by word where both sides allow it.
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word_t;

static int word_aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

// Upwards: also right for overlapping areas when dst lies below src.
static void copy_up(uint8_t *dst, const uint8_t *src, size_t size) {
    if (word_aligned(dst, src)) {
        for (; size >= 4; size -= 4, dst += 4, src += 4) {
            *(word_t *)dst = *(const word_t *)src;
        }
    }
    for (; size > 0; size--) {
        *dst++ = *src++;
    }
}

static void copy_down(uint8_t *dst, const uint8_t *src, size_t size) {
    dst += size;
    src += size;
    if (word_aligned(dst, src)) {
        for (; size >= 4; size -= 4) {
            dst -= 4;
            src -= 4;
            *(word_t *)dst = *(const word_t *)src;
        }
    }
    for (; size > 0; size--) {
        *--dst = *--src;
    }
}

void *memcpy(void *dst, const void *src, size_t size) {
    copy_up(dst, src, size);
    return dst;
}

void *memmove(void *dst, const void *src, size_t size) {
    if ((uintptr_t)dst - (uintptr_t)src >= size) {
        copy_up(dst, src, size);
    } else {
        copy_down(dst, src, size);
    }
    return dst;
}

void *memset(void *dst, int value, size_t size) {
    uint8_t *at = dst;
    uint32_t pattern = (uint8_t)value * 0x01010101u;
    if (word_aligned(at, at)) {
        for (; size >= 4; size -= 4, at += 4) {
            *(word_t *)at = pattern;
        }
    }
    for (; size > 0; size--) {
        *at++ = (uint8_t)value;
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (; size > 0; size--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t size = 0;
    while (text[size]) {
        size++;
    }
    return size;
}

int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
