// What repeats, and how often: a score for each of 160 tempos from 50 to 180 BPM, 0.81 % apart.
//
// Each group of bands has an autocorrelation that forgets within 5 s, updated one product per lag and frame. A tempo's
// score is a weighted sum of the three correlations at 1/4, 1/2, 2/3, 1, 3/2, 2, 3 and 4 of its beat, and a prior. The
// weights are those of a log-linear model, fitted (L-BFGS, L2) to say which tempo a person means: harmonics that speak
// for a tempo count more than 0, those that speak for its half or double less. Kicks at two beats and hats at half a
// beat are what parts 70 BPM from 140. The prior is log-normal: PRIOR_BPM is the likeliest tempo, and a tempo
// PRIOR_OCTAVES away from it needs a score 0.5 higher, one twice as far 2.0.
//
// Scores are averaged over 0.7 s; the tempo in force has a bonus (hysteresis), so that the other octave must be
// better for a while, and clearly, before it takes over.
#ifndef LIGHTWAVE_PERIODICITY_H
#define LIGHTWAVE_PERIODICITY_H

#include <stdbool.h>
#include <stdint.h>

#include "novelty.h"

#define PERIODICITY_TEMPOS 160
#define PERIODICITY_SLOWEST 50.0f
#define PERIODICITY_FASTEST 180.0f

typedef struct {
    float bpm;      // between two tempos, from the place of the correlation's peak; 0 before the first second of sound
    float strength; // mean correlation at one and two beats: 0 = no repetition, 1 = all the same
} periodicity_t;

// frames_per_s: 45..126
void periodicity_start(float frames_per_s);

// Once per frame, with groups in 0..100. Every tempo is measured again within 160 / PERIODICITY_PART frames.
void periodicity_process(const float groups[NOVELTY_GROUPS]);

periodicity_t periodicity_result(void);

#endif
