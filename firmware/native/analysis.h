// The analysis, one call per hop: front end, spectrum, levels and chroma, bands, novelty and tempo, into a snapshot.
//
// All state is static and there is one analysis per process. analysis_start and analysis_process must not overlap each
// other; neither allocates or blocks. The kernels behind it are plain C: the user module, the loadable module, the
// tests and the benches are made of the same files.
#ifndef LIGHTWAVE_ANALYSIS_H
#define LIGHTWAVE_ANALYSIS_H

#include <stdint.h>

#include "settings.h"
#include "snapshot.h"

// Forget everything and prepare. NULL, or settings_refusal's text with nothing changed.
const char *analysis_start(const int32_t settings[ANALYSIS_SETTINGS]);

// Analyse one hop of int32 samples, left-justified (an I2S microphone fills the upper 24 bits, or all 32). Sets every
// field of `out` but hop, captured_us, published_us and hop_check. The newest sample is in the result: nothing is held
// back for a later hop.
void analysis_process(const int32_t *samples, snapshot_t *out);

// The linear amplitudes of the last hop's bins before noise floor and auto-range; 1.0 = a full-scale sine. NULL before
// the first hop.
const float *analysis_magnitudes(void);

#endif
