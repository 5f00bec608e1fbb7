// The microphone: a thread that, like the I2S peripheral's DMA, completes a block of samples at a time, in real
// time on the node's clock. What it hears is a function of host time, so nodes with skewed clocks hear one sound.

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "sim_wav.h"

struct _sim_mic_t {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    unsigned users; // the owner, the DMA thread, and whoever waits
    bool closed;
    uint32_t rate;
    unsigned blocks;
    unsigned frames; // in a block
    int64_t start_ns; // node time of the first sample
    uint64_t put; // samples written and taken since the start
    uint64_t get;
    uint32_t overruns;
    sim_wav_t sound;
    int64_t sound_t0_ns;
    int32_t samples[];
};

// Called with the lock held, which it gives up.
static void release(sim_mic_t *mic) {
    bool last = --mic->users == 0;
    pthread_mutex_unlock(&mic->lock);
    if (last) {
        sim_wav_close(&mic->sound);
        pthread_cond_destroy(&mic->arrived);
        pthread_mutex_destroy(&mic->lock);
        free(mic);
    }
}

// A MEMS microphone's word: 24 bits, left-justified.
static int32_t to_word(double value) {
    double scaled = value * 8388608.0;
    scaled = scaled > 8388607.0 ? 8388607.0 : scaled < -8388608.0 ? -8388608.0 : scaled;
    return (int32_t)((uint32_t)(int32_t)lrint(scaled) << 8);
}

static void record_block(sim_mic_t *mic, int32_t *out, int64_t begin_node_ns) {
    double begin = (double)(sim_host_from_node(begin_node_ns) - mic->sound_t0_ns) * 1e-9;
    double end = (double)(sim_host_from_node(begin_node_ns + mic->frames * 1000000000LL / mic->rate)
        - mic->sound_t0_ns) * 1e-9;
    for (unsigned i = 0; i < mic->frames; ++i) {
        out[i] = to_word(sim_wav_at(&mic->sound, begin + (end - begin) * i / mic->frames));
    }
}

// Node time at which a number of samples has gone by since the start.
static int64_t time_of(const sim_mic_t *mic, uint64_t samples) {
    uint64_t seconds = samples / mic->rate; // apart, so that months of sound stay within 64 bits
    return mic->start_ns + (int64_t)(seconds * 1000000000ULL + samples % mic->rate * 1000000000ULL / mic->rate);
}

static void *dma_thread(void *arg) {
    sim_mic_t *mic = arg;
    int32_t block[SIM_MIC_DMA_FRAMES_MAX];
    for (uint64_t count = 0;; ++count) {
        record_block(mic, block, time_of(mic, count * mic->frames));
        sim_sleep_until_node(time_of(mic, (count + 1) * mic->frames));
        pthread_mutex_lock(&mic->lock);
        if (mic->closed) {
            release(mic);
            return NULL;
        }
        size_t capacity = mic->blocks * mic->frames;
        if (mic->put - mic->get + mic->frames > capacity) {
            mic->get += mic->frames;
            mic->overruns += 1;
        }
        memcpy(mic->samples + mic->put % capacity, block, mic->frames * sizeof(int32_t));
        mic->put += mic->frames;
        pthread_cond_broadcast(&mic->arrived);
        pthread_mutex_unlock(&mic->lock);
    }
}

sim_mic_t *sim_mic_open(uint32_t rate, unsigned dma_blocks, unsigned dma_frames) {
    unsigned blocks = dma_blocks < 2 ? 2 : dma_blocks;
    sim_mic_t *mic = calloc(1, sizeof(*mic) + blocks * dma_frames * sizeof(int32_t));
    if (mic == NULL || rate == 0 || dma_frames > SIM_MIC_DMA_FRAMES_MAX) {
        free(mic);
        return NULL;
    }
    pthread_mutex_init(&mic->lock, NULL);
    pthread_cond_init(&mic->arrived, NULL);
    mic->users = 2;
    mic->rate = rate;
    mic->blocks = blocks;
    mic->frames = dma_frames;
    mic->start_ns = sim_node_ns();
    mic->sound_t0_ns = sim_env_int("K1_SIM_AUDIO_T0_NS", 0);
    const char *path = sim_env("K1_SIM_AUDIO", NULL);
    if (path != NULL) {
        sim_wav_open(&mic->sound, path, rate);
    }
    sim_thread_start(dma_thread, mic);
    return mic;
}

size_t sim_mic_read(sim_mic_t *mic, int32_t *samples, size_t count) {
    pthread_mutex_lock(&mic->lock);
    size_t available = mic->put - mic->get;
    count = count < available ? count : available;
    size_t capacity = mic->blocks * mic->frames;
    for (size_t i = 0; i < count; ++i) {
        samples[i] = mic->samples[(mic->get + i) % capacity];
    }
    mic->get += count;
    pthread_mutex_unlock(&mic->lock);
    return count;
}

int64_t sim_mic_captured_ns(sim_mic_t *mic) {
    pthread_mutex_lock(&mic->lock);
    int64_t captured = time_of(mic, mic->get);
    pthread_mutex_unlock(&mic->lock);
    return captured;
}

bool sim_mic_wait(sim_mic_t *mic) {
    pthread_mutex_lock(&mic->lock);
    mic->users += 1;
    while (mic->put == mic->get && !mic->closed) {
        pthread_cond_wait(&mic->arrived, &mic->lock);
    }
    bool open = !mic->closed;
    release(mic);
    return open;
}

uint32_t sim_mic_overruns(const sim_mic_t *mic) {
    return mic->overruns;
}

void sim_mic_close(sim_mic_t *mic) {
    pthread_mutex_lock(&mic->lock);
    mic->closed = true;
    pthread_cond_broadcast(&mic->arrived);
    release(mic);
}
