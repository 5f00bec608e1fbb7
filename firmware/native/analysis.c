#include "analysis.h"

#include <math.h>
#include <string.h>

#include "bands.h"
#include "fast_math.h"
#include "front_end.h"
#include "levels.h"
#include "novelty.h"
#include "settings.h"
#include "spectrum.h"
#include "tempo.h"

#define SILENT_AFTER_S 1.0f
#define ACTIVITY_S 0.05f
#define ACTIVE_RANGE 0.125f  // a sound is something that reaches this share of the range's floor, all bins together,
#define ACTIVE_NOISE 6.0f    // and so many times the average bin's noise: single bins of a noise exceed their own often

static struct {
    unsigned first_pitch; // of bin 0: 0 = A
    const float *magnitudes;
    level_t bins[SNAPSHOT_BINS];
    level_t bands[BANDS];
    range_t spectrum_range, chroma_range, band_ranges[BANDS];
    float activity, activity_share, active_from;
    uint32_t quiet_hops, quiet_hops_max;
    float samples[ANALYSIS_HOP_MAX];
} a;

static unsigned pitch_of(float hz) { // 55 Hz and above
    unsigned pitch = 0;
    while (hz > 55.0f * powf(2.0f, ((float)pitch + 0.5f) / 12.0f)) {
        pitch++;
    }
    return pitch % SNAPSHOT_PITCHES;
}

static void levels_reset(void) {
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        level_reset(&a.bins[b]);
    }
    for (unsigned band = 0; band < BANDS; band++) {
        level_reset(&a.bands[band]);
        range_reset(&a.band_ranges[band]);
    }
    range_reset(&a.spectrum_range);
    range_reset(&a.chroma_range);
}

const char *analysis_start(const int32_t settings[ANALYSIS_SETTINGS]) {
    const char *refusal = settings_refusal(settings);
    if (refusal != NULL) {
        return refusal;
    }
    const float rate = (float)settings[ANALYSIS_RATE], lowest_hz = (float)settings[ANALYSIS_LOWEST_CHZ] * 0.01f;
    const uint32_t hop = (uint32_t)settings[ANALYSIS_HOP];
    const float hop_s = (float)hop / rate;
    const levels_settings_t levels = {
        .attack = (float)settings[ANALYSIS_ATTACK_MS] * 0.001f,
        .release = (float)settings[ANALYSIS_RELEASE_MS] * 0.001f,
        .floor = powf(10.0f, (float)settings[ANALYSIS_RANGE_DB] / 20.0f),
        .recovery = (float)settings[ANALYSIS_RECOVERY_MS] * 0.001f,
    };
    memset(&a, 0, sizeof(a));
    a.first_pitch = pitch_of(lowest_hz);
    a.active_from = ACTIVE_RANGE * levels.floor;
    a.activity_share = follower(hop_s, ACTIVITY_S);
    a.quiet_hops_max = (uint32_t)(SILENT_AFTER_S / hop_s) + 1;
    front_end_start((uint32_t)settings[ANALYSIS_RATE], hop, powf(10.0f, (float)settings[ANALYSIS_GAIN_DB] / 20.0f));
    spectrum_start(rate, hop, lowest_hz);
    bands_start(rate, hop);
    levels_start(hop_s, &levels);
    levels_reset();
    novelty_start((uint32_t)settings[ANALYSIS_RATE], hop);
    tempo_start((uint32_t)settings[ANALYSIS_RATE], hop);
    return NULL;
}

// above: how far each bin is above its noise. Ranges follow it, not the smoothed values: else a slow attack would only
// make the range slow.
static void show_spectrum(float above[SNAPSHOT_BINS], uint16_t out[SNAPSHOT_BINS]) {
    float largest = 0.0f;
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        above[b] = level_follow(&a.bins[b], a.magnitudes[b]);
        if (above[b] > largest) {
            largest = above[b];
        }
    }
    const float scale = range_follow(&a.spectrum_range, largest);
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        out[b] = to_u16(a.bins[b].value * scale);
    }
}

// The energy of each pitch over the octaves, as an amplitude.
static void show_chroma(const float above[SNAPSHOT_BINS], uint16_t out[SNAPSHOT_PITCHES]) {
    float energy[SNAPSHOT_PITCHES] = {0.0f}, energy_above[SNAPSHOT_PITCHES] = {0.0f}, largest = 0.0f;
    unsigned pitch = a.first_pitch;
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        energy[pitch] += a.bins[b].value * a.bins[b].value;
        energy_above[pitch] += above[b] * above[b];
        pitch = pitch + 1 < SNAPSHOT_PITCHES ? pitch + 1 : 0;
    }
    for (pitch = 0; pitch < SNAPSHOT_PITCHES; pitch++) {
        if (energy_above[pitch] > largest) {
            largest = energy_above[pitch];
        }
    }
    const float scale = range_follow(&a.chroma_range, square_root(largest));
    for (pitch = 0; pitch < SNAPSHOT_PITCHES; pitch++) {
        out[pitch] = to_u16(square_root(energy[pitch]) * scale);
    }
}

static void show_bands(snapshot_t *out) {
    float rms[BANDS];
    uint16_t shown[BANDS];
    bands_process(a.samples, rms);
    for (unsigned band = 0; band < BANDS; band++) {
        float above = level_follow(&a.bands[band], rms[band]);
        shown[band] = to_u16(a.bands[band].value * range_follow(&a.band_ranges[band], above));
    }
    out->bass = shown[BAND_BASS];
    out->mid = shown[BAND_MID];
    out->treble = shown[BAND_TREBLE];
}

static bool is_silent(const float above[SNAPSHOT_BINS]) {
    float sum = 0.0f, noise = 0.0f;
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        sum += above[b];
        noise += a.bins[b].noise;
    }
    const float needed = noise * (ACTIVE_NOISE / SNAPSHOT_BINS);
    a.activity += a.activity_share * (sum - a.activity);
    if (a.activity > a.active_from && a.activity > needed) {
        a.quiet_hops = 0;
    } else if (a.quiet_hops < a.quiet_hops_max) {
        a.quiet_hops++;
    }
    if (a.activity < 0.001f * a.active_from) {
        a.activity = 0.0f; // not a subnormal number
    }
    return a.quiet_hops == a.quiet_hops_max;
}

void analysis_process(const int32_t *samples, snapshot_t *out) {
    float above[SNAPSHOT_BINS];
    const loudness_t loudness = front_end_process(samples, a.samples);
    a.magnitudes = spectrum_process(a.samples);
    show_spectrum(above, out->spectrum);
    show_chroma(above, out->chroma);
    show_bands(out);
    const bool silent = is_silent(above);

    novelty_t novelty;
    tempo_t tempo;
    novelty_process(a.samples, &novelty);
    tempo_process(&novelty, silent, &tempo);
    out->novelty = tempo.novelty;
    out->bpm_x100 = tempo.bpm_x100;
    out->confidence = tempo.confidence;
    out->phase = tempo.phase;
    out->onsets = tempo.onsets;
    out->beat = tempo.beat;

    out->vu_peak = to_u16(loudness.peak);
    out->vu_rms = to_u16(loudness.rms);
    out->flags = (uint16_t)((loudness.clipped ? SNAPSHOT_FLAG_CLIPPED : 0) | (silent ? SNAPSHOT_FLAG_SILENCE : 0));
    out->bins = SNAPSHOT_BINS;
}

const float *analysis_magnitudes(void) {
    return a.magnitudes;
}
