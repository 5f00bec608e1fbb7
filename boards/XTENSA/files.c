// The host's files, read only: for imports, and open().
#include <string.h>

#include "py/builtin.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "system.h"

#define FLAG_DIRECTORY (0200000) // O_DIRECTORY: opens nothing else

static int open_path(const char *path, int flags) {
    return (int)system_call(SYSTEM_OPEN, (long)path, flags, 0);
}

static void close_file(int file) {
    system_call(SYSTEM_CLOSE, file, 0, 0);
}

static int open_or_raise(const char *path) {
    int file = open_path(path, 0);
    if (file < 0) {
        mp_raise_OSError(-file);
    }
    return file;
}

mp_import_stat_t mp_import_stat(const char *path) {
    int folder = open_path(path, FLAG_DIRECTORY);
    if (folder >= 0) {
        close_file(folder);
        return MP_IMPORT_STAT_DIR;
    }
    int file = open_path(path, 0);
    if (file < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    close_file(file);
    return MP_IMPORT_STAT_FILE;
}

// ---- what the compiler and the loader of .mpy files read --------------------------------------------------------

typedef struct {
    int file;
    long left; // bytes in the buffer that are not read yet
    const byte *next;
    byte buffer[512];
} reader_t;

static mp_uint_t reader_readbyte(void *data) {
    reader_t *reader = data;
    if (reader->left <= 0) {
        reader->left = read(reader->file, reader->buffer, sizeof(reader->buffer));
        reader->next = reader->buffer;
        if (reader->left <= 0) {
            return MP_READER_EOF;
        }
    }
    reader->left--;
    return *reader->next++;
}

static void reader_close(void *data) {
    reader_t *reader = data;
    close_file(reader->file);
    m_del_obj(reader_t, reader);
}

void mp_reader_new_file(mp_reader_t *reader, qstr path) {
    int file = open_or_raise(qstr_str(path));
    reader_t *state = m_new_obj(reader_t);
    state->file = file;
    state->left = 0;
    *reader = (mp_reader_t){state, reader_readbyte, reader_close};
}

mp_lexer_t *mp_lexer_new_from_file(qstr path) {
    mp_reader_t reader;
    mp_reader_new_file(&reader, path);
    return mp_lexer_new(path, reader);
}

// ---- open() -------------------------------------------------------------------------------------------------------

typedef struct {
    mp_obj_base_t base;
    int file;
} file_t;

static mp_uint_t file_read(mp_obj_t self_in, void *data, mp_uint_t size, int *error) {
    file_t *self = MP_OBJ_TO_PTR(self_in);
    long got = read(self->file, data, size);
    if (got < 0) {
        *error = (int)-got;
        return MP_STREAM_ERROR;
    }
    return (mp_uint_t)got;
}

static mp_uint_t file_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int *error) {
    (void)argument;
    file_t *self = MP_OBJ_TO_PTR(self_in);
    if (request != MP_STREAM_CLOSE) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    close_file(self->file);
    self->file = -1;
    return 0;
}

static const mp_rom_map_elem_t file_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj) },
};
static MP_DEFINE_CONST_DICT(file_locals, file_locals_table);

static const mp_stream_p_t bytes_stream = { .read = file_read, .ioctl = file_ioctl };
static const mp_stream_p_t text_stream = { .read = file_read, .ioctl = file_ioctl, .is_text = true };

static MP_DEFINE_CONST_OBJ_TYPE(bytes_file_type, MP_QSTR_FileIO, MP_TYPE_FLAG_NONE,
    protocol, &bytes_stream, locals_dict, &file_locals);
static MP_DEFINE_CONST_OBJ_TYPE(text_file_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_NONE,
    protocol, &text_stream, locals_dict, &file_locals);

mp_obj_t mp_builtin_open(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)kwargs;
    const char *mode = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r";
    bool binary = strcmp(mode, "rb") == 0;
    if (!binary && strcmp(mode, "r") != 0 && strcmp(mode, "rt") != 0) {
        mp_raise_OSError(MP_EROFS);
    }
    int file = open_or_raise(mp_obj_str_get_str(args[0]));
    file_t *self = mp_obj_malloc(file_t, binary ? &bytes_file_type : &text_file_type);
    self->file = file;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, mp_builtin_open);
