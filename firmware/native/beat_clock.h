// Where in the beat we are: finds beats in the onset strength, given the tempo, and keeps a clock in step with them.
//
// Every frame's score is its own onset strength and the best score one beat earlier (Ellis 2007, causally as Stark
// 2009), so scores pile up where onsets follow each other at the tempo. Once per beat, half a beat after the expected
// one, the highest score of the last beat says where it was, to a fraction of a frame. A second-order loop corrects
// phase and period by the difference. What is shown follows at 0.5 to 1.5 times the tempo: never back, never a leap.
#ifndef LIGHTWAVE_BEAT_CLOCK_H
#define LIGHTWAVE_BEAT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// hops_per_frame: novelty_hops_per_frame; delay_s: of the strength, which is made up for.
void beat_clock_start(float hops_per_s, uint32_t hops_per_frame, float delay_s);

// A new frame of onset strength (finite, 0..100), or nothing heard: the clock goes on by itself.
void beat_clock_frame(float strength, float bpm);

// Once per hop: the clock goes on. Phase: 65536 is a beat.
void beat_clock_advance(uint16_t *phase, uint32_t *beat);

#endif
