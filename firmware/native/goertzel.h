// From microphone samples to loudness and a 64-semitone spectrum, one call per hop.
//
// Front end: int32 samples, left-justified (an I2S microphone fills the upper 24 bits) -> float in -1..1, a
// one-pole high-pass that removes DC (-3 dB at 10 Hz, -0.04 dB at 110 Hz), a history of the newest 2048.
//
// Spectrum: bin b is the semitone 110 Hz x 2^(b/12), b = 0..63 (A2 to C8). Each bin looks at the newest N
// samples through a Hann window centred on them:
//   - N = 2 rate / (distance to the lower neighbour): the neighbour sits in the window's first null. It is
//     bounded by the history, which below 270 Hz (at 16 kHz) leaves neighbours overlapping;
//   - the frequency is used as it is, never rounded to a whole number of periods in N. A window applied in the
//     frequency domain makes that cheap: with d = 2 pi / N, the Hann-windowed transform at w is a sum of the
//     plain ones at w - d, w and w + d, so each bin is three Goertzel resonators (Goertzel 1958) fed by the
//     same samples. No window table, and the form in which sliding resonators can replace the blocks;
//   - the sum is scaled by 4 / N, so that a full-scale sine reads 1.0 in every bin.
//
// Cost: a bin is measured again only after a quarter of its block is new (a Hann window changes little faster
// than that), every `stride` hops, a power of two, with the bins of one stride spread evenly over the hops. So
// the work per sample hardly depends on the hop, and no hop does much more than another.
//
// Noise floor: per bin, follows falling magnitudes within a second and climbs 1.5 dB/s, never above -54 dB of
// full scale, so a held note costs at most a few hundredths of a dB and never fades. Three times the floor is
// taken off.
//
// Auto-range: all bins are divided by one range that follows the loudest bin (30 ms up, 4 s down) and never
// goes below -60 dB of full scale: the quiet room left after the noise floor stays dark instead of being
// stretched to full brightness. Above the range the output saturates at 65535.
//
// All state is static and there is one analysis per process. goertzel_start and goertzel_process must not
// overlap each other; neither allocates or blocks.
#ifndef LIGHTWAVE_GOERTZEL_H
#define LIGHTWAVE_GOERTZEL_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

#define GOERTZEL_RATE_MIN 12000 // the top bin and its window fit below half of this
#define GOERTZEL_RATE_MAX 48000
#define GOERTZEL_HOP_MIN 64
#define GOERTZEL_HOP_MAX 256

// Forget everything and prepare for `rate` samples per second in hops of `hop`. False if either is outside
// its limits, with nothing changed.
bool goertzel_start(uint32_t rate, uint32_t hop);

// Analyse one hop: sets vu_peak, vu_rms, flags, bins and spectrum of `out`, leaves the rest alone.
void goertzel_process(const int32_t *samples, snapshot_t *out);

// For tests and tools. Magnitude is the bin's amplitude before noise floor and auto-range, 1.0 = full scale.
float goertzel_magnitude(unsigned bin);
float goertzel_frequency(unsigned bin);
unsigned goertzel_block(unsigned bin);

#endif
