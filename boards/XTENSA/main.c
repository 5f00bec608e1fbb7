// micropython [-X heapsize=N[K|M]] (-c COMMAND | FILE) [ARGUMENT ...]
//
// The path of imports is the script's folder and $MICROPYPATH, as with the unix port.
#include <string.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "system.h"

#define HEAP_MAX (8 * 1024 * 1024)
#define HEAP_DEFAULT (1024 * 1024)
// Of the 8 MB that qemu gives; deep recursion of a script shall end in a RuntimeError, as on a board.
#define STACK_LIMIT (48 * 1024)

static uint8_t heap[HEAP_MAX] __attribute__((aligned(16)));

static void fail(const char *message) {
    mp_hal_stdout_tx_str(message);
    _exit(EXIT_USAGE);
}

// ---- garbage collection -------------------------------------------------------------------------------------------

void gc_collect(void) {
    gc_collect_start();
    xtensa_spill_windows();
    // Our own a0..a3 are spilled 16 bytes below our frame, everybody else's above.
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)3;
    gc_collect_root((void **)sp, ((uintptr_t)MP_STATE_THREAD(stack_top) - sp) / sizeof(void *));
    gc_collect_end();
}

// ---- running a script -----------------------------------------------------------------------------------------------

// The code to exit with: of SystemExit its value, 1 after any other exception, which is printed.
static int judge(mp_obj_t exception) {
    if (!mp_obj_is_subclass_fast(mp_obj_get_type(exception), &mp_type_SystemExit)) {
        mp_obj_print_exception(&mp_plat_print, exception);
        return 1;
    }
    mp_obj_t value = mp_obj_exception_get_value(exception);
    mp_int_t code = 0;
    if (value != mp_const_none && !mp_obj_get_int_maybe(value, &code)) {
        mp_obj_print_helper(&mp_plat_print, value, PRINT_STR);
        mp_hal_stdout_tx_str("\n");
        code = 1;
    }
    return (int)code & 255;
}

static int run(const char *file, const char *command) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return judge(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    mp_lexer_t *lexer = command == NULL
        ? mp_lexer_new_from_file(qstr_from_str(file))
        : mp_lexer_new_from_str_len(MP_QSTR__lt_string_gt_, command, strlen(command), 0);
    mp_store_global(MP_QSTR___file__, MP_OBJ_NEW_QSTR(lexer->source_name));
    qstr name = lexer->source_name;
    mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
    mp_call_function_0(mp_compile(&tree, name, false));
    nlr_pop();
    return 0;
}

// ---- the command line -----------------------------------------------------------------------------------------------

static size_t heap_size(const char *option) {
    static const char name[] = "heapsize=";
    if (strncmp(option, name, sizeof(name) - 1) != 0) {
        fail("-X knows heapsize=N only\n");
    }
    size_t size = 0;
    const char *at = option + sizeof(name) - 1;
    for (; *at >= '0' && *at <= '9' && size < HEAP_MAX; at++) {
        size = size * 10 + (size_t)(*at - '0');
    }
    size *= *at == 'k' || *at == 'K' ? 1024 : *at == 'm' || *at == 'M' ? 1024 * 1024 : 1;
    if (size < 16384 || size > HEAP_MAX) {
        fail("heapsize must be 16K..8M\n");
    }
    return size;
}

static const char *environment(char **variables, const char *name) {
    size_t length = strlen(name);
    for (; *variables != NULL; variables++) {
        if (strncmp(*variables, name, length) == 0 && (*variables)[length] == '=') {
            return *variables + length + 1;
        }
    }
    return "";
}

// The script's folder stands where mp_init has put an empty path: first.
static void set_path(const char *file, const char *folders) {
    const char *slash = NULL;
    for (const char *at = file; *at; at++) {
        slash = *at == '/' ? at : slash;
    }
    mp_obj_t folder = slash != NULL ? mp_obj_new_str(file, (size_t)(slash - file)) : mp_obj_new_str(".", 1);
    mp_obj_list_store(mp_sys_path, MP_OBJ_NEW_SMALL_INT(0), folder);
    while (*folders) {
        const char *colon = strchr(folders, ':');
        size_t length = colon != NULL ? (size_t)(colon - folders) : strlen(folders);
        mp_obj_list_append(mp_sys_path, mp_obj_new_str(folders, length));
        folders += length + (colon != NULL);
    }
}

int main(int argc, char **argv) {
    char **variables = argv + argc + 1; // as the kernel lays them out
    size_t size = HEAP_DEFAULT;
    const char *command = NULL;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-' && command == NULL; at += 2) {
        if (strcmp(argv[at], "-X") == 0) {
            size = heap_size(argv[at + 1]);
        } else if (strcmp(argv[at], "-c") == 0) {
            command = argv[at + 1];
        } else {
            fail("options: -X heapsize=N, -c COMMAND\n");
        }
    }
    if (command == NULL && at >= argc) {
        fail("usage: micropython [-X heapsize=N] (-c COMMAND | FILE) [ARGUMENT ...]\n");
    }
    mp_stack_ctrl_init();
    mp_stack_set_limit(STACK_LIMIT);
    gc_init(heap, heap + size);
    mp_init();
    set_path(command == NULL ? argv[at] : "", environment(variables, "MICROPYPATH"));
    for (int i = command == NULL ? at : at - 1; i < argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str_from_cstr(argv[i]));
    }
    int code = run(argv[at], command);
    mp_deinit();
    return code;
}

// ---- what the interpreter calls when it cannot go on ----------------------------------------------------------------

void nlr_jump_fail(void *value) {
    (void)value;
    mp_hal_stdout_tx_str("FATAL: an exception nobody catches\n");
    _exit(EXIT_FATAL);
}

void __fatal_error(const char *message) {
    mp_hal_stdout_tx_str(message);
    _exit(EXIT_FATAL);
}
