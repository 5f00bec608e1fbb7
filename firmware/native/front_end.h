// Samples as the I2S driver delivers them -> floats in -1..1 (more with gain) without DC, and their loudness.
//
// A one-pole high-pass removes DC: -3 dB at 10 Hz, -0.04 dB at 110 Hz. Its first input is the first sample, so that a
// microphone's offset makes no thump. Values below -180 dB become 0: they would only decay into slow subnormals.
#ifndef LIGHTWAVE_FRONT_END_H
#define LIGHTWAVE_FRONT_END_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    float peak, rms; // of the hop, 1.0 = full scale
    bool clipped;    // a sample came within 0.005 dB of full scale before gain: 16-bit sources do at their limit, too
} loudness_t;

void front_end_start(uint32_t rate, uint32_t hop, float gain);

// One hop. samples: int32, left-justified, 24 or 32 bits. out: the hop's floats.
loudness_t front_end_process(const int32_t *samples, float *out);

#endif
