// The next of a variable number of arguments, for compiled C (xtensa/ir.py puts calls of these where va_arg stood).
//
// LLVM 22 sets a va_list up for itself: `index` counts from the first named argument, 4 a word, but `registers` is where
// it saved the first unnamed one, and then its own va_arg adds the two. printf's "%c" so prints an argument two words
// too far on. Here `registers` moves along instead.
#include <stdint.h>

typedef struct {
    const char *stack;     // 32 bytes below the first argument that came on the stack
    const char *registers; // the next argument that came in a register
    int32_t index;         // of the next argument; 24 and more: on the stack
} arguments_t;

#define IN_REGISTERS 24

static const void *next(arguments_t *list, int32_t size) {
    int32_t aligned = (list->index + size - 1) & -size;
    if (aligned + size <= IN_REGISTERS) {
        const void *at = list->registers + (aligned - list->index);
        list->registers = (const char *)at + size;
        list->index = aligned + size;
        return at;
    }
    aligned = aligned < IN_REGISTERS ? IN_REGISTERS : aligned;
    list->index = aligned + size;
    return list->stack + 32 + (aligned - IN_REGISTERS);
}

uint32_t xtensa_va_word(arguments_t *list) {
    return *(const uint32_t *)next(list, 4);
}

uint64_t xtensa_va_wide(arguments_t *list) {
    return *(const uint64_t *)next(list, 8);
}
