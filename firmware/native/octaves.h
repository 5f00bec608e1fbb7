// The sound at falling rates: level 0 as it comes, each further level at half the rate of the one before, so that a
// bin of any octave finds its block within OCTAVES_HISTORY samples.
//
// Between two levels: a half-band FIR of 31 taps (equiripple; 0.0013 dB of ripple up to 0.18 of the input rate, 76 dB
// of attenuation from 0.32). Bins use a level up to OCTAVES_USABLE of its rate only, so what the halving folds onto a
// bin lies in the stop band. No droop is left to compensate. Linear phase: level k is late by
// OCTAVES_DELAY x (2^k - 1) samples of level 0, for every frequency.
#ifndef LIGHTWAVE_OCTAVES_H
#define LIGHTWAVE_OCTAVES_H

#include <stdint.h>

#define OCTAVES_LEVELS 9
#define OCTAVES_HISTORY 200 // samples kept of each level
#define OCTAVES_USABLE 0.36f
#define OCTAVES_DELAY 15

// levels: how many are wanted, 1..OCTAVES_LEVELS.
void octaves_start(unsigned levels);

// Append a hop to level 0 and what follows from it to the others. The work per hop is even: half a filter output per
// sample, a quarter for the next level, and so on.
void octaves_process(const float *samples, uint32_t count);

// Behind the newest sample of a level; OCTAVES_HISTORY of them lie in front. Valid until the next octaves_process.
const float *octaves_newest(unsigned level);

#endif
