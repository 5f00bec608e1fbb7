// registers.S. 17 words, because code compiled by mpy-cross for xtensawin makes room for so many.
#ifndef K1_XTENSA_SETJMP_H
#define K1_XTENSA_SETJMP_H

#include <stdint.h>

typedef uint32_t jmp_buf[17];

int setjmp(jmp_buf state) __attribute__((returns_twice));
void longjmp(jmp_buf state, int value) __attribute__((noreturn));

#endif
