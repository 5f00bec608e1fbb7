// Onset strength: how much louder each band of a filter bank is than 16 ms ago, at about 125 frames per second.
//
// The bank halves the range below a quarter of the rate octave by octave: at 16 kHz seven bands, the lowest below
// 125 Hz for kicks, the highest above 4 kHz for hats. State-variable filters, each on a signal of twice the rate that
// its band needs, so that a tone's energy does not ripple. A band is measured against its own recent peak (adaptive
// whitening, Stowell and Plumbley 2007), in two ways:
//   - as a share of the peak, weighted: the low bands three times, because the beat is where the kick is and not where
//     the hat is. This is the strength;
//   - in octaves, where soft attacks count like loud ones; what rises slower than 12 octaves a second is a swell or a
//     tremolo and counts nothing. Summed in three groups: what repeats among kicks, and what repeats among hats, tells
//     more of the tempo than what repeats in the sum.
//
// Delay from an attack to the middle of its peak: NOVELTY_DELAY_S, half a hop more or less, and as much longer as the
// attack is soft.
#ifndef LIGHTWAVE_NOVELTY_H
#define LIGHTWAVE_NOVELTY_H

#include <stdbool.h>
#include <stdint.h>

#define NOVELTY_DELAY_S 0.006f

enum { NOVELTY_LOW, NOVELTY_MID, NOVELTY_HIGH, NOVELTY_GROUPS }; // below 250 Hz, to 2 kHz, above

typedef struct {
    bool fresh;                   // a frame ends with this hop; the rest is as it was otherwise
    float strength;               // shares of the bands' peaks: 0..12
    float groups[NOVELTY_GROUPS]; // octaves, summed over the group's bands: 0..30
} novelty_t;

// A frame is this many hops: 63 to 126 frames per second at every rate and hop.
uint32_t novelty_hops_per_frame(uint32_t rate, uint32_t hop);

// hop: a multiple of 64, at most 256.
void novelty_start(uint32_t rate, uint32_t hop);

// samples: the hop's DC-free floats, any finite ones.
void novelty_process(const float *samples, novelty_t *out);

#endif
