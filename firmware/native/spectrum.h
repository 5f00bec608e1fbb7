// The sound -> 64 semitone amplitudes. Bin b is lowest_hz x 2^(b/12).
//
// Each bin is the definition of a windowed Fourier sum at its own frequency, never rounded to a whole number of
// periods, over the newest N samples of the level that holds its frequency between 0.18 and 0.36 of its rate
// (octaves.h):
//   - N = 2 rate / (distance to the semitone below): that neighbour sits in the window's first null. As the rate falls
//     with the octave, N is 98 to 200 everywhere, and low bins are as sharp as high ones;
//   - Hann's window, centred on the block. Window, cosine and sine are tables: those of one octave serve all, since a
//     bin and the one twelve below it have the same frequency relative to their levels' rates. With them, and with even
//     and odd parts taken about the centre, which halves the multiplications, the sum costs five operations per
//     sample, loads included. A resonator (Goertzel 1958) on windowed samples costs six, three resonators that window
//     in the frequency domain ten, a sliding transform with a window more than twenty;
//   - the sum is scaled by 4 / N, so that a full-scale sine reads 1.0 in every bin.
//
// Leakage of a sine at a bin's frequency, the worst of all bins: -34 dB one semitone away, -48 two, -55 three, -84 an
// octave, -79 anywhere farther (tests/native/test_spectrum.py). Level within 0.05 dB, frequency within 0.2 cents.
//
// A bin is measured again when an eighth of its block is new, every `stride` hops, a power of two, with the bins of a
// stride spread evenly over the hops, so that no hop does much more than another.
//
// Delay from a sound to the centre of a bin's block, half the block and the filters' delay, at 16 kHz and 110 Hz: 189 ms
// for A2, 94 ms for A3, 47 ms for A4, 23 ms for A5, 11 ms for A6, 5 ms for A7. A sharp ear for low notes is a slow one:
// what has to be quick takes loudness, bands or novelty.
#ifndef LIGHTWAVE_SPECTRUM_H
#define LIGHTWAVE_SPECTRUM_H

#include <stdint.h>

#include "snapshot.h"

#define SPECTRUM_PITCHES 12

// The highest lowest_hz for a rate: the top bin needs OCTAVES_USABLE of the rate.
float spectrum_lowest_max(float rate);

// lowest_hz: 55 at least and spectrum_lowest_max(rate) at most. Starts octaves.h, too.
void spectrum_start(float rate, uint32_t hop, float lowest_hz);

// Once per hop: the magnitudes, 1.0 = a full-scale sine at the bin's frequency.
const float *spectrum_process(const float *samples);

// Of a bin, for tests and tools.
float spectrum_frequency(unsigned bin);
float spectrum_block_s(unsigned bin); // the window's length in seconds
float spectrum_delay_s(unsigned bin); // from a sound to the centre of the window

#endif
