// Tempo, beat phase and onsets from the onset strength: the bank of periodicity.h, the clock of beat_clock.h, and how
// far to trust them.
#ifndef LIGHTWAVE_TEMPO_H
#define LIGHTWAVE_TEMPO_H

#include <stdbool.h>
#include <stdint.h>

#include "novelty.h"

typedef struct {
    uint16_t bpm_x100;   // 5000..18000; 0 until one is found. Stays in silence
    uint16_t confidence; // 65535 = certain; decays in silence
    uint16_t phase;      // of the beat at the hop's last sample, 65536 = one beat
    uint16_t onsets;     // counted; wraps
    uint16_t novelty;    // onset strength; 65535 = the strongest of the recent past; 0 in silence
    uint32_t beat;       // counted
} tempo_t;

void tempo_start(uint32_t rate, uint32_t hop);

// Once per hop; fills all of *out. Any novelty: what is no number or below 0 counts as 0, what is above 100 as 100.
// silence: nothing above the noise for a while; phase goes on, and nothing is learned.
void tempo_process(const novelty_t *novelty, bool silence, tempo_t *out);

#endif
