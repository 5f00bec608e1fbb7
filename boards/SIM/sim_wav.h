// A WAV file as an endless acoustic signal that can be sampled at any instant.
#ifndef K1_SIM_WAV_H
#define K1_SIM_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _sim_wav_t {
    const uint8_t *data; // NULL: silence
    size_t frames;
    unsigned bytes_per_sample;
    unsigned bytes_per_frame;
    double rate;
    double *filter; // phases of a windowed sinc, or NULL when the file has the wanted rate
    unsigned taps;
} sim_wav_t;

// Map path (RIFF, PCM of 16 or 32 bits; of several channels the first is heard) for sampling at out_rate.
// False, with a line on stderr, when the file cannot be used.
bool sim_wav_open(sim_wav_t *wav, const char *path, double out_rate);

// The signal at a time in seconds, looped without a seam; full scale is +-1.
double sim_wav_at(const sim_wav_t *wav, double seconds);

void sim_wav_close(sim_wav_t *wav);

#endif
