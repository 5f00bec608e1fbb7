// How loud the sound is below 250 Hz, from there to 2 kHz and above: what a light needs at once, and the bins of the
// spectrum, for the sake of their sharpness, tell later.
//
// Two state-variable filters (12 dB per octave, Butterworth) at the full rate: the first parts bass from the rest, the
// second the rest into mid and treble. Bass reaches down to the front end's 10 Hz, below the lowest bin: most of a kick
// drum is there. The filters' delay is below 2 ms for bass, less for the rest.
#ifndef LIGHTWAVE_BANDS_H
#define LIGHTWAVE_BANDS_H

#include <stdint.h>

enum { BAND_BASS, BAND_MID, BAND_TREBLE, BANDS };

void bands_start(float rate, uint32_t hop);

// One hop: each band's root mean square, 1.0 = full scale.
void bands_process(const float *samples, float rms[BANDS]);

#endif
