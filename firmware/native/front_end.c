#include "front_end.h"

#include <math.h>

#include "fast_math.h"

#define DC_CORNER_HZ 10.0f
#define CLIP_LEVEL 0x7ff00000
#define FULL_SCALE 2147483648.0f
#define INAUDIBLE 1e-9f

static struct {
    uint32_t hop;
    bool primed;
    float scale, per_sample, pole, gain; // gain: of the high-pass, unity in the middle of the band
    float input, output;
} front;

void front_end_start(uint32_t rate, uint32_t hop, float gain) {
    front.hop = hop;
    front.primed = false;
    front.scale = gain / FULL_SCALE;
    front.per_sample = 1.0f / (float)hop;
    front.pole = 1.0f - TWO_PI * DC_CORNER_HZ / (float)rate;
    front.gain = 0.5f * (1.0f + front.pole);
    front.output = 0.0f;
}

loudness_t front_end_process(const int32_t *samples, float *out) {
    const float scale = front.scale, pole = front.pole, gain = front.gain;
    float input = front.primed ? front.input : (float)samples[0] * scale;
    float output = front.output;
    float peak = 0.0f, power = 0.0f;
    bool clipped = false;
    for (uint32_t i = 0; i < front.hop; i++) {
        int32_t raw = samples[i];
        clipped |= (uint32_t)raw + CLIP_LEVEL - 1 > 2u * CLIP_LEVEL - 2; // |raw| >= CLIP_LEVEL, in one comparison
        float value = (float)raw * scale;
        output = gain * (value - input) + pole * output;
        input = value;
        float size = fabsf(output);
        if (size < INAUDIBLE) {
            output = 0.0f;
        }
        if (size > peak) {
            peak = size;
        }
        power += output * output;
        out[i] = output;
    }
    front.primed = true;
    front.input = input;
    front.output = output;
    loudness_t loudness = {peak, square_root(power * front.per_sample), clipped};
    return loudness;
}
