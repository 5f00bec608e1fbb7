#include "sim_wav.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Half width of the interpolation kernel in zero crossings, and kernel phases between two samples. With a
// Blackman window the stop band is below the noise of any microphone.
#define CROSSINGS (16)
#define PHASES (256)
// A whole-number ratio of rates needs no more than this tolerance to be called equal.
#define SAME_RATE (1e-9)

static uint32_t u32(const uint8_t *p) {
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool parse_chunks(sim_wav_t *wav, const uint8_t *file, size_t size) {
    if (size < 12 || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0) {
        return false;
    }
    for (size_t at = 12; at + 8 <= size;) {
        size_t length = u32(file + at + 4);
        const uint8_t *body = file + at + 8;
        length = length < size - at - 8 ? length : size - at - 8;
        if (memcmp(file + at, "fmt ", 4) == 0 && length >= 16) {
            unsigned channels = body[2] | body[3] << 8;
            wav->rate = u32(body + 4);
            wav->bytes_per_sample = (body[14] | body[15] << 8) / 8;
            wav->bytes_per_frame = wav->bytes_per_sample * channels;
        } else if (memcmp(file + at, "data", 4) == 0 && wav->bytes_per_frame > 0) {
            wav->data = body;
            wav->frames = length / wav->bytes_per_frame;
        }
        at += 8 + length + (length & 1);
    }
    return wav->frames > 0 && wav->rate > 0 && (wav->bytes_per_sample == 2 || wav->bytes_per_sample == 4);
}

static double sinc(double x) {
    return fabs(x) < 1e-12 ? 1.0 : sin(M_PI * x) / (M_PI * x);
}

// Kernel rows for positions 0/PHASES .. PHASES/PHASES; each sums to one, so that silence and DC stay exact.
static bool build_filter(sim_wav_t *wav, double out_rate) {
    double cutoff = out_rate < wav->rate ? out_rate / wav->rate : 1.0;
    unsigned half = (unsigned)ceil(CROSSINGS / cutoff);
    wav->taps = 2 * half;
    wav->filter = malloc(sizeof(double) * wav->taps * (PHASES + 1));
    if (wav->filter == NULL) {
        return false;
    }
    for (unsigned phase = 0; phase <= PHASES; ++phase) {
        double *row = wav->filter + phase * wav->taps;
        double sum = 0;
        for (unsigned tap = 0; tap < wav->taps; ++tap) {
            double x = (double)tap - (half - 1) - (double)phase / PHASES;
            double u = x / half;
            double window = fabs(u) >= 1 ? 0 : 0.42 + 0.5 * cos(M_PI * u) + 0.08 * cos(2 * M_PI * u);
            double value = cutoff * sinc(cutoff * x) * window;
            row[tap] = value;
            sum += value;
        }
        for (unsigned tap = 0; tap < wav->taps; ++tap) {
            row[tap] /= sum;
        }
    }
    return true;
}

bool sim_wav_open(sim_wav_t *wav, const char *path, double out_rate) {
    memset(wav, 0, sizeof(*wav));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        fprintf(stderr, "k1-sim: cannot read %s\n", path);
        return false;
    }
    const uint8_t *file = mmap(NULL, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (file == MAP_FAILED || !parse_chunks(wav, file, info.st_size)) {
        fprintf(stderr, "k1-sim: %s is not a PCM WAV file of 16 or 32 bits\n", path);
        wav->data = NULL;
        return false;
    }
    if (fabs(out_rate / wav->rate - 1.0) > SAME_RATE && !build_filter(wav, out_rate)) {
        return false;
    }
    return true;
}

static double sample(const sim_wav_t *wav, int64_t index) {
    int64_t wrapped = index % (int64_t)wav->frames;
    wrapped = wrapped < 0 ? wrapped + (int64_t)wav->frames : wrapped;
    const uint8_t *p = wav->data + wrapped * wav->bytes_per_frame;
    if (wav->bytes_per_sample == 2) {
        return (int16_t)(p[0] | p[1] << 8) / 32768.0;
    }
    return (int32_t)u32(p) / 2147483648.0;
}

double sim_wav_at(const sim_wav_t *wav, double seconds) {
    if (wav->data == NULL) {
        return 0;
    }
    double position = seconds * wav->rate;
    int64_t index = (int64_t)floor(position);
    if (wav->filter == NULL) {
        // Equal rates: a node with a skewed clock slips a sample now and then, which is below what audio code sees.
        return sample(wav, index);
    }
    double phase = (position - index) * PHASES;
    unsigned row = (unsigned)phase;
    double blend = phase - row;
    const double *near = wav->filter + row * wav->taps;
    const double *far = row < PHASES ? near + wav->taps : near;
    int64_t first = index - (int64_t)(wav->taps / 2 - 1);
    double sum = 0;
    for (unsigned tap = 0; tap < wav->taps; ++tap) {
        sum += sample(wav, first + tap) * (near[tap] + blend * (far[tap] - near[tap]));
    }
    return sum;
}

void sim_wav_close(sim_wav_t *wav) {
    free(wav->filter);
    memset(wav, 0, sizeof(*wav));
}
