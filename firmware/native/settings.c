#include "settings.h"

#include <stddef.h>

#include "spectrum.h"

const setting_t analysis_settings[ANALYSIS_SETTINGS] = {
    [ANALYSIS_RATE] = {"rate", ANALYSIS_RATE_MIN, ANALYSIS_RATE_MAX, 16000},
    [ANALYSIS_HOP] = {"hop", ANALYSIS_HOP_MIN, ANALYSIS_HOP_MAX, 128},
    [ANALYSIS_LOWEST_CHZ] = {"lowest_chz", 5500, 44000, 11000},
    [ANALYSIS_GAIN_DB] = {"gain_db", -24, 60, 0},
    [ANALYSIS_ATTACK_MS] = {"attack_ms", 0, 1000, 0},
    [ANALYSIS_RELEASE_MS] = {"release_ms", 0, 5000, 40},
    [ANALYSIS_RANGE_DB] = {"range_db", -90, -20, -60},
    [ANALYSIS_RECOVERY_MS] = {"recovery_ms", 200, 60000, 4000},
};

// ---- the refusal's text: there is no printf beside a loadable module ---------------------------------------------

static char text[96];

static char *put(char *at, const char *more) {
    while (*more != 0) {
        *at++ = *more++;
    }
    *at = 0;
    return at;
}

static char *put_number(char *at, int32_t value) {
    char digits[12];
    unsigned count = 0;
    uint32_t left = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *at++ = '-';
    }
    while (count > 0) {
        *at++ = digits[--count];
    }
    *at = 0;
    return at;
}

static char *put_value(const setting_t *setting, int32_t value) {
    return put_number(put(put(text, setting->name), ": "), value);
}

static const char *out_of_range(const setting_t *setting, int32_t value, int32_t max, const char *why) {
    char *at = put(put_value(setting, value), " is not in ");
    put(put_number(put(put_number(at, setting->min), ".."), max), why);
    return text;
}

// ---- the checks --------------------------------------------------------------------------------------------------

const char *settings_refusal(const int32_t settings[ANALYSIS_SETTINGS]) {
    for (unsigned i = 0; i < ANALYSIS_SETTINGS; i++) {
        const setting_t *setting = &analysis_settings[i];
        if (settings[i] < setting->min || settings[i] > setting->max) {
            return out_of_range(setting, settings[i], setting->max, "");
        }
    }
    if (settings[ANALYSIS_HOP] % ANALYSIS_HOP_STEP != 0) {
        char *at = put_value(&analysis_settings[ANALYSIS_HOP], settings[ANALYSIS_HOP]);
        put_number(put(at, " is not a multiple of "), ANALYSIS_HOP_STEP);
        return text;
    }
    int32_t lowest_max = (int32_t)(spectrum_lowest_max((float)settings[ANALYSIS_RATE]) * 100.0f);
    if (settings[ANALYSIS_LOWEST_CHZ] > lowest_max) {
        return out_of_range(
            &analysis_settings[ANALYSIS_LOWEST_CHZ], settings[ANALYSIS_LOWEST_CHZ], lowest_max, " at this rate");
    }
    return NULL;
}

void settings_complete(const int32_t *given, unsigned count, int32_t settings[ANALYSIS_SETTINGS]) {
    for (unsigned i = 0; i < ANALYSIS_SETTINGS; i++) {
        settings[i] = i < count ? given[i] : analysis_settings[i].standard;
    }
}
