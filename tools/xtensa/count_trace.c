// Counts instructions between two marks in qemu's log (-d nochain,exec,in_asm) on standard input.
//
//   count_trace BEGIN END     addresses in hex: counting starts where BEGIN is entered and stops where END is
//   count_trace               counts everything
//
// in_asm lists each block of code when it is translated, exec has a line for each time a block is entered:
//
//   IN: measure
//   0x00010968:  addi  a13, a11, 1            one line per instruction
//   Trace 0: 0x7f38c0000640 [00000000/0000000000010968/000dbfd3/00000200] measure
//
// That is exact, and a fifth of the lines that one per instruction would make. Prints for every stretch "= TOTAL", then
// "COUNT SYMBOL" for each function, or its block's address for code without a name (what MicroPython loaded or compiled).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLOTS (1u << 20) // blocks, many more than a run ever has
#define NAMES (1u << 16)

typedef struct {
    uint64_t block; // where qemu keeps its translation; 0: empty
    uint32_t length;
    uint32_t name;
    uint64_t entered; // in this stretch
} slot_t;

static slot_t slots[SLOTS];
static char *names[NAMES]; // a hash table, too
static uint64_t counts[NAMES];

// ---- input: qemu writes every line by itself, so waking up for each would cost more than all the rest -----------------

#define PIPE (1 << 20)
static char buffer[2 * PIPE + 1];
static size_t filled, taken;

// The next line, ended by a 0 instead of the newline; NULL at the end.
static char *next_line(void) {
    for (;;) {
        char *line = buffer + taken, *end = memchr(line, '\n', filled - taken);
        if (end != NULL) {
            *end = 0;
            taken = (size_t)(end - buffer) + 1;
            return line;
        }
        memmove(buffer, line, filled - taken);
        filled -= taken;
        taken = 0;
        ssize_t got = read(0, buffer + filled, sizeof(buffer) - 1 - filled);
        if (got <= 0) {
            return NULL;
        }
        filled += (size_t)got;
        if (got < PIPE / 4) { // let some gather
            nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
        }
    }
}

// ---- counting ---------------------------------------------------------------------------------------------------------

static slot_t *slot_of(uint64_t block) {
    uint32_t at = (uint32_t)(block * 0x9e3779b97f4a7c15u >> 44);
    while (slots[at].block != 0 && slots[at].block != block) {
        at = (at + 1) & (SLOTS - 1);
    }
    slots[at].block = block;
    return &slots[at];
}

static uint32_t name_of(const char *text) {
    uint32_t hash = 2166136261u;
    for (const char *at = text; *at; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    uint32_t at = hash & (NAMES - 1);
    while (names[at] != NULL && strcmp(names[at], text) != 0) {
        at = (at + 1) & (NAMES - 1);
    }
    if (names[at] == NULL) {
        names[at] = strdup(text);
    }
    return at;
}

// Add a block's instructions to its function's; before its place is used anew, and at the end of a stretch.
static void settle(slot_t *slot) {
    counts[slot->name] += slot->entered * slot->length;
    slot->entered = 0;
}

static void report(void) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i].entered != 0) {
            settle(&slots[i]);
        }
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        total += counts[i];
    }
    printf("= %llu\n", (unsigned long long)total);
    for (uint32_t i = 0; i < NAMES; i++) {
        if (counts[i] != 0) {
            printf("%llu %s\n", (unsigned long long)counts[i], names[i]);
            counts[i] = 0;
        }
    }
    fflush(stdout);
}

// The name behind the brackets, or the address where there is none.
static uint32_t name_in(char *line, uint64_t address) {
    char *name = strrchr(line, ']') + 1;
    name += strspn(name, " ");
    if (*name == 0) {
        char text[20];
        snprintf(text, sizeof(text), "0x%08llx", (unsigned long long)address);
        return name_of(text);
    }
    return name_of(name);
}

int main(int argc, char **argv) {
    uint64_t begin = argc > 2 ? strtoull(argv[1], NULL, 16) : 0;
    uint64_t end = argc > 2 ? strtoull(argv[2], NULL, 16) : 0;
    int counting = argc <= 2;
    uint32_t listed = 0; // instructions of the block listed last; it is entered next
    fcntl(0, F_SETPIPE_SZ, PIPE); // where it is a pipe, and may be so large
    for (char *line; (line = next_line()) != NULL;) {
        if (line[0] == '0' && line[1] == 'x') {
            listed++;
        } else if (line[0] == 'I' && line[1] == 'N') {
            listed = 0;
        } else if (line[0] == 'T' && line[1] == 'r') {
            char *rest;
            slot_t *slot = slot_of(strtoull(line + 9, &rest, 16));
            uint64_t address = strtoull(strchr(rest, '/') + 1, NULL, 16);
            if (listed != 0) { // translated just now, maybe where another block was before
                settle(slot);
                slot->length = listed;
                slot->name = name_in(line, address);
                listed = 0;
            }
            if (argc > 2 && address == begin) {
                counting = 1;
                continue;
            }
            if (argc > 2 && address == end && counting) {
                counting = 0;
                report();
            }
            slot->entered += (uint64_t)counting;
        }
    }
    if (counting) {
        report();
    }
    return 0;
}
