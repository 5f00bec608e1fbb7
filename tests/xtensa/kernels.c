// The kernels fed with the same vectors on the host and on Xtensa; the two must print the same lines.
//
//   kernels SECTION      run one section of the table at the end, print its results in hex
//   kernels hops N       analyse N hops of 128 samples at 16 kHz and print nothing: for counting instructions
//
// Everything random comes from one 32-bit generator, everything that sounds from it and from an integer sine, so no
// difference between two C libraries can enter. The elementary functions are MicroPython's on both sides.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "analysis.h"
#include "snapshot.h"
#include "spectrum.h"

// ---- printing: the Xtensa side has write() and nothing else ----------------------------------------------------

static char line[1024];
static unsigned used;

static void put(const char *text) {
    while (*text && used < sizeof(line) - 1) {
        line[used++] = *text++;
    }
}

static void put_hex(uint32_t value, unsigned digits) {
    char text[10] = " ";
    for (unsigned i = 0; i < digits; i++) {
        text[1 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
    }
    text[1 + digits] = 0;
    put(text);
}

static void put_line(void) {
    line[used++] = '\n';
    if (write(1, line, used) != (int)used) {
        _exit(3);
    }
    used = 0;
}

// ---- vectors ---------------------------------------------------------------------------------------------------

static uint32_t seed;

static uint32_t random_u32(void) { // xorshift32 (Marsaglia 2003)
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// A NaN is a NaN: which one it is differs between processors.
static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return value != value ? 0x7fc00000 : bits;
}

// phase: 2^32 is one turn. A parabola per half turn: a sine to the ear, exact in integers.
static int32_t sine(uint32_t phase) {
    int32_t x = (int32_t)(phase >> 1 & 0x7fffffff) >> 15;  // half a turn is 0..32767, twice
    int32_t half = x & 0x7fff;
    int32_t arch = (int32_t)((uint32_t)half * (uint32_t)(32768 - half) >> 13); // 0..32768
    return x & 0x8000 ? -arch : arch;
}

// FNV-1a over words: a line per block of results instead of a line per result.
static uint32_t hash_word(uint32_t hash, uint32_t word) {
    for (int i = 0; i < 4; i++) {
        hash = (hash ^ (word >> 8 * i & 0xff)) * 16777619u;
    }
    return hash;
}

#define BLOCKS 10
#define BLOCK 250

// Prints a line for every block of values: its number, the hash of all, the last value.
static void blocks(const char *name, uint32_t (*next)(void)) {
    seed = 2463534242u;
    for (unsigned block = 0; block < BLOCKS; block++) {
        uint32_t hash = 2166136261u, value = 0;
        for (unsigned i = 0; i < BLOCK; i++) {
            value = next();
            hash = hash_word(hash, value);
        }
        put(name);
        put_hex(block, 2);
        put_hex(hash, 8);
        put_hex(value, 8);
        put_line();
    }
}

// ---- what the compiler's run-time library does -----------------------------------------------------------------

static const uint32_t edges[] = {
    0x00000000, 0x80000000, 0x00000001, 0x007fffff, 0x00800000, 0x00800001, 0x3f7fffff, 0x3f800000, 0x3f800001,
    0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xbf800000, 0x33800000, 0x4b800000,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static uint32_t some_float(void) { // one in eight is an edge case
    uint32_t bits = random_u32();
    return random_u32() % 8 ? bits : edges[bits % EDGES];
}

static uint32_t next_quotient(void) {
    volatile float a = as_float(some_float()), b = as_float(some_float());
    return bits_of(a / b);
}

static uint32_t next_near_quotient(void) { // results that are subnormal, or close to halfway between two floats
    volatile float a = as_float(random_u32() & 0x00ffffff), b = as_float(0x3f000000 | (random_u32() & 0x00ffffff));
    return bits_of(a / b);
}

static uint32_t next_sum(void) {
    volatile float a = as_float(some_float()), b = as_float(some_float());
    return bits_of(a + b) ^ bits_of(a * b) ^ bits_of(a - b);
}

static uint32_t next_conversion(void) {
    volatile int32_t integer = (int32_t)random_u32();
    volatile float small = as_float(0x3f800000 + random_u32() % 0x0f800000); // 1 .. 2^31
    volatile float negative = -small;
    return bits_of((float)integer) ^ bits_of((float)(uint32_t)integer) ^ (uint32_t)small ^ (uint32_t)(int32_t)negative;
}

static uint64_t some_wide(void) { // of every length up to 64 bits
    uint64_t value = (uint64_t)random_u32() << 32;
    value |= random_u32();
    return value >> random_u32() % 64;
}

static uint32_t next_wide(void) {
    volatile uint64_t a = some_wide(), b = some_wide();
    volatile uint32_t shift = random_u32() % 64;
    uint64_t divisor = b ? b : 1;
    int64_t signed_a = (int64_t)a, signed_b = (int64_t)(b >> 1 | 1) * (random_u32() & 1 ? 1 : -1);
    uint64_t mixed = a * b ^ a / divisor ^ a % divisor ^ a << shift ^ a >> shift ^ (uint64_t)(signed_a >> shift);
    mixed ^= (uint64_t)(signed_a / signed_b) ^ (uint64_t)(signed_a % signed_b);
    return (uint32_t)mixed ^ (uint32_t)(mixed >> 32);
}

static void section_arithmetic(void) {
    blocks("quotient", next_quotient);
    blocks("near", next_near_quotient);
    blocks("sum", next_sum);
    blocks("conversion", next_conversion);
    blocks("wide", next_wide);
}

// ---- the elementary functions as the kernels use them ------------------------------------------------------------

static float random_in(float low, float high) {
    return low + (high - low) * ((float)(random_u32() >> 8) * (1.0f / 16777216.0f));
}

static uint32_t next_sqrt(void) {
    return bits_of(sqrtf(as_float(random_u32() & 0x7fffffff)));
}

static uint32_t next_trigonometry(void) {
    float x = random_in(-7.0f, 7.0f);
    return bits_of(sinf(x)) ^ bits_of(cosf(x)) << 1;
}

static uint32_t next_exponential(void) {
    return bits_of(expf(random_in(-20.0f, 2.0f)));
}

static uint32_t next_power(void) {
    float exponent = random_in(-6.0f, 6.0f); // a statement of its own: C leaves the order of arguments open
    return bits_of(powf(random_u32() & 1 ? 2.0f : 10.0f, exponent));
}

static void section_elementary(void) {
    blocks("sqrt", next_sqrt);
    blocks("trigonometry", next_trigonometry);
    blocks("exponential", next_exponential);
    blocks("power", next_power);
}

// ---- memory functions: every alignment, both directions -----------------------------------------------------------

static void section_memory(void) {
    uint8_t area[64];
    seed = 88675123;
    for (unsigned from = 0; from < 8; from++) {
        for (unsigned to = 0; to < 8; to++) {
            uint32_t hash = 2166136261u;
            for (volatile unsigned size = 0; size < 24; size++) {
                for (unsigned i = 0; i < sizeof(area); i++) {
                    area[i] = (uint8_t)random_u32();
                }
                memmove(area + to, area + from, size);
                memcpy(area + 32 + to, area + from, size);
                memset(area + 32 + from, (int)size, size / 2);
                int order = memcmp(area + from, area + 32 + to, size);
                hash = hash_word(hash, (uint32_t)((order > 0) - (order < 0)));
                for (unsigned i = 0; i < sizeof(area); i++) {
                    hash = hash_word(hash, area[i]);
                }
            }
            put("memory");
            put_hex(from << 4 | to, 2);
            put_hex(hash, 8);
            put_line();
        }
    }
}

// ---- the settings of the analysis --------------------------------------------------------------------------------

static void refuse(unsigned setting, int32_t value) {
    int32_t settings[ANALYSIS_SETTINGS];
    settings_complete(NULL, 0, settings);
    settings[setting] = value;
    const char *text = analysis_start(settings);
    put(text != NULL ? text : "accepted");
    put_line();
}

static void section_refusals(void) {
    for (unsigned i = 0; i < ANALYSIS_SETTINGS; i++) {
        refuse(i, analysis_settings[i].min - 1);
        refuse(i, analysis_settings[i].max + 1);
        refuse(i, i % 2 ? INT32_MIN : INT32_MAX);
    }
    refuse(ANALYSIS_HOP, 100);
    refuse(ANALYSIS_LOWEST_CHZ, 15137);
    refuse(ANALYSIS_LOWEST_CHZ, 15136);
}

// ---- the audio analysis ----------------------------------------------------------------------------------------

static int32_t samples[ANALYSIS_HOP_MAX];

enum { SILENCE, TONE, CHORD, NOISE, LOUD, SOUNDS };

// One hop of a sound with a microphone's DC offset; left-justified 24 bits.
static void sound(unsigned kind, uint32_t rate, uint32_t hop, uint32_t first) {
    uint32_t a4 = (uint32_t)(440 * (0x100000000ull / rate));
    for (uint32_t i = 0; i < hop; i++) {
        uint32_t t = first + i;
        int32_t value = 3000000;
        if (kind == TONE) {
            value += sine(a4 * t) * 4096;
        } else if (kind == CHORD) {
            value += (sine(a4 * t) + sine(a4 / 4 * 5 * t) + sine(a4 / 2 * 3 * t)) * 4096;
        } else if (kind == NOISE) {
            value += (int32_t)random_u32() >> 4;
        } else if (kind == LOUD) {
            value = sine(a4 / 3 * t) > 0 ? INT32_MAX : INT32_MIN;
        }
        samples[i] = value & ~0xff;
    }
}

static void print_snapshot(const snapshot_t *snapshot, uint32_t hash) {
    const uint16_t *halves = &snapshot->vu_peak;
    put_hex(hash, 8);
    for (const uint16_t *half = halves; half < (const uint16_t *)&snapshot->beat; half++) {
        put_hex(*half, 4);
    }
    put_hex(snapshot->beat, 8);
    put_line();
}

// Every bit of every magnitude, and all that is left of them.
static uint32_t hash_hop(uint32_t hash, const snapshot_t *snapshot) {
    const float *magnitudes = analysis_magnitudes();
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        hash = hash_word(hash_word(hash, bits_of(magnitudes[b])), snapshot->spectrum[b]);
    }
    for (unsigned pitch = 0; pitch < SNAPSHOT_PITCHES; pitch++) {
        hash = hash_word(hash, snapshot->chroma[pitch]);
    }
    hash = hash_word(hash_word(hash, snapshot->bass), (uint32_t)snapshot->mid << 16 | snapshot->treble);
    return hash_word(hash, (uint32_t)snapshot->novelty << 16 | snapshot->phase);
}

#define HOPS_PER_SOUND 12

static void analyse(const int32_t *given, unsigned count) {
    static int32_t settings[ANALYSIS_SETTINGS]; // static: llc 22 cannot spill registers into a frame much larger
    static snapshot_t snapshot;
    uint32_t hash = 2166136261u, heard = 0;
    seed = 521288629;
    memset(&snapshot, 0, sizeof(snapshot));
    settings_complete(given, count, settings);
    if (analysis_start(settings) != NULL) {
        _exit(4);
    }
    uint32_t rate = (uint32_t)settings[ANALYSIS_RATE], hop = (uint32_t)settings[ANALYSIS_HOP];
    for (unsigned b = 0; b < SNAPSHOT_BINS; b++) {
        hash = hash_word(hash_word(hash, bits_of(spectrum_frequency(b))), bits_of(spectrum_delay_s(b)));
    }
    for (unsigned kind = 0; kind < SOUNDS; kind++) {
        for (unsigned i = 0; i < HOPS_PER_SOUND; i++) {
            sound(kind, rate, hop, heard);
            heard += hop;
            analysis_process(samples, &snapshot);
            hash = hash_hop(hash, &snapshot);
        }
        put("analysis");
        put_hex(rate, 4);
        put_hex(hop, 3);
        put_hex(kind, 1);
        print_snapshot(&snapshot, hash);
    }
}

static void section_analysis(void) {
    static const int32_t plain[] = {16000, 128}, short_hop[] = {16000, 64}, low_rate[] = {12800, 128};
    static const int32_t high_rate[] = {32000, 128}, deep[] = {48000, 256, 5500};
    static const int32_t every_setting[ANALYSIS_SETTINGS] = {16000, 64, 13081, 12, 15, 120, -70, 1000};
    analyse(plain, 2);
    analyse(short_hop, 2);
    analyse(low_rate, 2);
    analyse(high_rate, 2);
    analyse(deep, 3);
    analyse(every_setting, ANALYSIS_SETTINGS);
}

// ---- the snapshot and its lock -----------------------------------------------------------------------------------

static void section_snapshot(void) {
    snapshot_t written, seen;
    uint8_t unaligned[sizeof(snapshot_t) + 1];
    seed = 362436069;
    snapshot_reset();
    for (unsigned i = 0; i < 40; i++) {
        uint32_t hash = 2166136261u;
        uint8_t *bytes = (uint8_t *)&written;
        for (unsigned j = 0; j < sizeof(written); j++) {
            bytes[j] = (uint8_t)random_u32();
        }
        snapshot_publish(&written);
        bool read = snapshot_read(unaligned + 1);
        memcpy(&seen, unaligned + 1, sizeof(seen));
        for (unsigned j = 0; j < sizeof(seen); j++) {
            hash = hash_word(hash, unaligned[1 + j]);
        }
        snapshot_counts_t counts = snapshot_counts();
        put("snapshot");
        put_hex(read, 1);
        put_hex(hash, 8);
        put_hex(seen.hop == seen.hop_check, 1);
        put_hex(counts.retries, 2);
        put_hex(counts.failures, 2);
        put_hex(counts.torn, 2);
        put_line();
    }
}

// ---- the program -------------------------------------------------------------------------------------------------

// The analysis last: it has a jump table, and llc 22 puts the literals of a function behind one out of its reach.
static const struct {
    const char *name;
    void (*run)(void);
} sections[] = {
    {"arithmetic", section_arithmetic}, {"elementary", section_elementary}, {"memory", section_memory},
    {"refusals", section_refusals},     {"snapshot", section_snapshot},     {"analysis", section_analysis},
};

static int run_hops(const char *text) {
    int32_t settings[ANALYSIS_SETTINGS];
    snapshot_t snapshot;
    unsigned hops = 0;
    while (*text) {
        hops = hops * 10 + (unsigned)(*text++ - '0');
    }
    seed = 521288629;
    settings_complete(NULL, 0, settings);
    analysis_start(settings);
    sound(NOISE, 16000, 128, 0);
    while (hops-- > 0) {
        analysis_process(samples, &snapshot);
    }
    return 0;
}

static bool same(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

int main(int argc, char **argv) {
    if (argc == 3 && same(argv[1], "hops")) {
        return run_hops(argv[2]);
    }
    for (unsigned i = 0; argc == 2 && i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (same(argv[1], sections[i].name)) {
            sections[i].run();
            return 0;
        }
    }
    return 2;
}
