// machine.I2S, receiving: blocking without irq() (the GIL stays held, DESIGN fact 4), scheduled callbacks with it.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "sim.h"
#include "sim_module.h"

enum { I2S_PORTS = 2, I2S_RX = 1, I2S_TX = 2, I2S_STEREO = 0, I2S_MONO = 1 };
// What the ESP32 port's driver keeps in DMA memory whatever the user asked for: two slots of 32 bits.
#define DMA_FRAME_BYTES (8)

// The background task of non-blocking mode. Not on the Python heap: it outlives the object by one wake-up.
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    uint8_t *buffer; // being filled; NULL when idle. The object keeps it alive.
    size_t size;
    unsigned bits;
    unsigned channels;
    sim_mic_t *mic;
    mp_obj_t handler;
    mp_obj_t i2s;
} i2s_task_t;

typedef struct _sim_i2s_obj_t {
    mp_obj_base_t base;
    int id;
    unsigned bits;
    unsigned channels;
    sim_mic_t *mic; // NULL when deinitialised
    i2s_task_t *task; // NULL in blocking mode
    mp_obj_t handler;
    mp_obj_t buffer;
} sim_i2s_obj_t;

// Copy samples into the user's format; the other slot of a mono microphone reads as zero.
static size_t store(const int32_t *samples, size_t count, unsigned bits, unsigned channels, uint8_t *out) {
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        for (unsigned channel = 0; channel < channels; ++channel) {
            int32_t word = channel == 0 ? samples[i] : 0;
            if (bits == 16) {
                int16_t half = (int16_t)(word >> 16);
                memcpy(out + used, &half, sizeof(half));
            } else {
                memcpy(out + used, &word, sizeof(word));
            }
            used += bits / 8;
        }
    }
    return used;
}

// Put what has arrived at out, at most size bytes of it; 0 when nothing has.
static size_t take(sim_mic_t *mic, uint8_t *out, size_t size, unsigned bits, unsigned channels) {
    int32_t samples[64];
    size_t wanted = size / (bits / 8 * channels);
    wanted = wanted < MP_ARRAY_SIZE(samples) ? wanted : MP_ARRAY_SIZE(samples);
    return store(samples, sim_mic_read(mic, samples, wanted), bits, channels, out);
}

static void *i2s_task(void *arg) {
    i2s_task_t *task = arg;
    pthread_mutex_lock(&task->lock);
    while (!task->closed) {
        if (task->buffer == NULL) {
            pthread_cond_wait(&task->changed, &task->lock);
            continue;
        }
        size_t count = take(task->mic, task->buffer, task->size, task->bits, task->channels);
        task->buffer += count;
        task->size -= count;
        if (task->size == 0) {
            task->buffer = NULL;
            mp_sched_schedule(task->handler, task->i2s);
        } else if (count == 0) {
            pthread_mutex_unlock(&task->lock);
            sim_mic_wait(task->mic);
            pthread_mutex_lock(&task->lock);
        }
    }
    pthread_mutex_unlock(&task->lock);
    sim_mic_close(task->mic);
    free(task);
    return NULL;
}

static sim_i2s_obj_t *i2s_open(mp_obj_t self_in) {
    sim_i2s_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->mic == NULL) {
        mp_raise_msg(&mp_type_OSError, MP_ERROR_TEXT("I2S is deinitialised"));
    }
    return self;
}

static mp_obj_t i2s_deinit(mp_obj_t self_in) {
    sim_i2s_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->mic == NULL) {
        return mp_const_none;
    }
    if (self->task != NULL) {
        i2s_task_t *task = self->task;
        pthread_mutex_lock(&task->lock);
        task->closed = true;
        task->buffer = NULL;
        pthread_cond_signal(&task->changed);
        pthread_mutex_unlock(&task->lock); // the task closes the microphone and ends
    } else {
        sim_mic_close(self->mic);
    }
    self->mic = NULL;
    self->task = NULL;
    MP_STATE_PORT(sim_i2s_objects)[self->id] = NULL;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(i2s_deinit_obj, i2s_deinit);

static mp_obj_t i2s_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_id, ARG_sck, ARG_ws, ARG_sd, ARG_mck, ARG_mode, ARG_bits, ARG_format, ARG_rate, ARG_ibuf };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_id, MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_sck, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_ws, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_sd, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_mck, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_mode, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_bits, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_format, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_rate, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_ibuf, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = -1} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    int id = args[ARG_id].u_int;
    if (id < 0 || id >= I2S_PORTS) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid id"));
    }
    if (args[ARG_mode].u_int != I2S_RX) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid mode")); // this board has a microphone and no speaker
    }
    if (args[ARG_bits].u_int != 16 && args[ARG_bits].u_int != 32) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid bits"));
    }
    if (args[ARG_format].u_int != I2S_MONO && args[ARG_format].u_int != I2S_STEREO) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid format"));
    }
    if (MP_STATE_PORT(sim_i2s_objects)[id] != NULL) {
        i2s_deinit(MP_OBJ_FROM_PTR(MP_STATE_PORT(sim_i2s_objects)[id]));
    }
    sim_i2s_obj_t *self = mp_obj_malloc_with_finaliser(sim_i2s_obj_t, type);
    self->id = id;
    self->bits = args[ARG_bits].u_int;
    self->channels = args[ARG_format].u_int == I2S_STEREO ? 2 : 1;
    self->task = NULL;
    self->handler = self->buffer = mp_const_none;
    unsigned blocks = args[ARG_ibuf].u_int / (SIM_MIC_DMA_FRAMES * DMA_FRAME_BYTES);
    self->mic = sim_mic_open(args[ARG_rate].u_int, blocks, SIM_MIC_DMA_FRAMES);
    if (self->mic == NULL) {
        mp_raise_OSError(MP_ENOMEM);
    }
    MP_STATE_PORT(sim_i2s_objects)[id] = self;
    return MP_OBJ_FROM_PTR(self);
}

// irq(handler): from now on readinto() returns at once and handler(i2s) is scheduled when the buffer is full.
static mp_obj_t i2s_irq(mp_obj_t self_in, mp_obj_t handler) {
    sim_i2s_obj_t *self = i2s_open(self_in);
    if (handler == mp_const_none || !mp_obj_is_callable(handler)) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid callback"));
    }
    self->handler = handler;
    if (self->task == NULL) {
        i2s_task_t *task = calloc(1, sizeof(i2s_task_t));
        if (task == NULL) {
            m_malloc_fail(sizeof(i2s_task_t));
        }
        pthread_mutex_init(&task->lock, NULL);
        pthread_cond_init(&task->changed, NULL);
        task->mic = self->mic;
        task->bits = self->bits;
        task->channels = self->channels;
        task->i2s = self_in;
        task->handler = handler;
        self->task = task;
        sim_thread_start(i2s_task, task);
    } else {
        pthread_mutex_lock(&self->task->lock);
        self->task->handler = handler;
        pthread_mutex_unlock(&self->task->lock);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(i2s_irq_obj, i2s_irq);

static mp_obj_t i2s_readinto(mp_obj_t self_in, mp_obj_t buffer) {
    sim_i2s_obj_t *self = i2s_open(self_in);
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, MP_BUFFER_WRITE);
    if (info.len % (self->bits / 8 * self->channels) != 0) {
        mp_raise_OSError(MP_EINVAL);
    }
    if (self->task != NULL) {
        self->buffer = buffer;
        pthread_mutex_lock(&self->task->lock);
        self->task->buffer = info.len > 0 ? info.buf : NULL;
        self->task->size = info.len;
        pthread_cond_signal(&self->task->changed);
        pthread_mutex_unlock(&self->task->lock);
    } else {
        size_t filled = 0;
        while (filled < info.len) {
            size_t count = take(self->mic, (uint8_t *)info.buf + filled, info.len - filled, self->bits, self->channels);
            filled += count;
            if (count == 0) {
                sim_mic_wait(self->mic);
            }
        }
    }
    return MP_OBJ_NEW_SMALL_INT(info.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(i2s_readinto_obj, i2s_readinto);

// Blocks lost because nobody read them in time. Not on the board; for tests, through _sim.
static mp_obj_t i2s_overruns(mp_obj_t self_in) {
    return mp_obj_new_int_from_uint(sim_mic_overruns(i2s_open(self_in)->mic));
}
MP_DEFINE_CONST_FUN_OBJ_1(sim_i2s_overruns_obj, i2s_overruns);

static const mp_rom_map_elem_t i2s_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&i2s_deinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&i2s_deinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&i2s_irq_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&i2s_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_RX), MP_ROM_INT(I2S_RX) },
    { MP_ROM_QSTR(MP_QSTR_TX), MP_ROM_INT(I2S_TX) },
    { MP_ROM_QSTR(MP_QSTR_STEREO), MP_ROM_INT(I2S_STEREO) },
    { MP_ROM_QSTR(MP_QSTR_MONO), MP_ROM_INT(I2S_MONO) },
};
static MP_DEFINE_CONST_DICT(i2s_locals, i2s_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(sim_i2s_type, MP_QSTR_I2S, MP_TYPE_FLAG_NONE, make_new, i2s_make_new, locals_dict, &i2s_locals);

MP_REGISTER_ROOT_POINTER(void *sim_i2s_objects[2]);
