// The audio snapshot: the one struct that leaves the analysis.
//
// All fields are little-endian unsigned integers, naturally aligned, so that viper and struct-free readers
// take them by offset without conversion. A new field goes in front of hop_check; the rest never moves.
//
//   offset  type      field         meaning
//   0       u32       hop           hops analysed since audio_start; 0 = nothing heard yet; wraps
//   4       u32       captured_us   node ticks_us (modulo 2^30) when the hop's last sample arrived
//   8       u32       published_us  node ticks_us (modulo 2^30) when this snapshot was published
//   12      u16       vu_peak       largest |sample| of the hop, DC removed; 65535 = full scale
//   14      u16       vu_rms        root mean square of the hop; a full-scale sine reads 46340
//   16      u16       flags         bit 0: the microphone clipped within this hop; bit 1: silence, nothing above the
//                                   noise for more than a second
//   18      u16       bins          valid entries of spectrum: 64, or 0 before the first hop
//   20      u16 x 64  spectrum      one magnitude per semitone, lowest first, noise floor taken off and
//                                   auto-ranged (levels.h); 65535 = the loudest of the recent past
//   148     u16 x 12  chroma        the spectrum folded into pitch classes A, A#, ... G#; 65535 = the strongest of the
//                                   recent past
//   172     u16       bass          energy below 250 Hz, each band auto-ranged by itself (bands.h)
//   174     u16       mid           250 Hz to 2 kHz
//   176     u16       treble        above 2 kHz
//   178     u16       novelty       onset strength of this hop; 65535 = the strongest of the recent past, 0 in silence
//   180     u16       bpm_x100      the node's own tempo x 100; 0 = none found
//   182     u16       confidence    of the tempo; 65535 = certain; decays in silence
//   184     u16       phase         within the beat at captured_us, 65536 = one beat; free-runs in silence
//   186     u16       onsets        counts onsets; wraps
//   188     u32       beat          counts beats since audio_start; never runs backwards
//   192     u32       hop_check     == hop; a copy where they differ is torn
//   196               (size)
#ifndef LIGHTWAVE_SNAPSHOT_H
#define LIGHTWAVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_BINS 64
#define SNAPSHOT_PITCHES 12
#define SNAPSHOT_FLAG_CLIPPED 0x0001u
#define SNAPSHOT_FLAG_SILENCE 0x0002u

typedef struct {
    uint32_t hop;
    uint32_t captured_us;
    uint32_t published_us;
    uint16_t vu_peak;
    uint16_t vu_rms;
    uint16_t flags;
    uint16_t bins;
    uint16_t spectrum[SNAPSHOT_BINS];
    uint16_t chroma[SNAPSHOT_PITCHES];
    uint16_t bass;
    uint16_t mid;
    uint16_t treble;
    uint16_t novelty;
    uint16_t bpm_x100;
    uint16_t confidence;
    uint16_t phase;
    uint16_t onsets;
    uint32_t beat;
    uint32_t hop_check;
} snapshot_t;

_Static_assert(offsetof(snapshot_t, hop) == 0, "hop");
_Static_assert(offsetof(snapshot_t, captured_us) == 4, "captured_us");
_Static_assert(offsetof(snapshot_t, published_us) == 8, "published_us");
_Static_assert(offsetof(snapshot_t, vu_peak) == 12, "vu_peak");
_Static_assert(offsetof(snapshot_t, vu_rms) == 14, "vu_rms");
_Static_assert(offsetof(snapshot_t, flags) == 16, "flags");
_Static_assert(offsetof(snapshot_t, bins) == 18, "bins");
_Static_assert(offsetof(snapshot_t, spectrum) == 20, "spectrum");
_Static_assert(offsetof(snapshot_t, chroma) == 148, "chroma");
_Static_assert(offsetof(snapshot_t, bass) == 172, "bass");
_Static_assert(offsetof(snapshot_t, mid) == 174, "mid");
_Static_assert(offsetof(snapshot_t, treble) == 176, "treble");
_Static_assert(offsetof(snapshot_t, novelty) == 178, "novelty");
_Static_assert(offsetof(snapshot_t, bpm_x100) == 180, "bpm_x100");
_Static_assert(offsetof(snapshot_t, confidence) == 182, "confidence");
_Static_assert(offsetof(snapshot_t, phase) == 184, "phase");
_Static_assert(offsetof(snapshot_t, onsets) == 186, "onsets");
_Static_assert(offsetof(snapshot_t, beat) == 188, "beat");
_Static_assert(offsetof(snapshot_t, hop_check) == 192, "hop_check");
_Static_assert(sizeof(snapshot_t) == 196, "snapshot size");
#if defined(__BYTE_ORDER__)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "readers expect little-endian fields");
#endif

// What readers met since the last snapshot_reset.
typedef struct {
    uint32_t retries;  // copies repeated because a publication overlapped them
    uint32_t failures; // reads given up after SEQLOCK_ATTEMPTS copies
    uint32_t torn;     // copies the lock passed although hop != hop_check: must stay 0
} snapshot_counts_t;

// Make the snapshot all zero (silence, dark) and forget the counts. Only while nothing is being published.
void snapshot_reset(void);

// Publish a copy. One writer at a time, any task or thread; never waits. hop_check is set here.
void snapshot_publish(const snapshot_t *snapshot);

// Copy the latest snapshot into dst (196 bytes, any alignment). Any number of readers, any thread. On false
// dst is untouched, so a renderer keeps drawing from what it had.
bool snapshot_read(void *dst);

snapshot_counts_t snapshot_counts(void);

#endif
