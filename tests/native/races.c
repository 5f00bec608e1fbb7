// The LED queue and the audio loop on a scripted board, one case per run: `races CASE ROUNDS` prints name=number pairs.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"
#include "audio_task.h"
#include "led_show.h"
#include "scripted_board.h"
#include "snapshot.h"
#include "worker.h"

#define LEDS 20

static const led_strip_t strips[LED_STRIPS] = {{.pin = 5, .leds = LEDS}, {.pin = 4, .leds = LEDS}};
static const audio_source_t source = {.sck = 14, .ws = 13, .sd = 12, .rate = 16000};
static uint32_t rounds;
static uint32_t expected[1 << 16]; // the frames handed over, in order
static atomic_uint handed, spoilt, disordered;
static atomic_bool stop;

static void settings_for(int32_t hop, int32_t settings[ANALYSIS_SETTINGS]) {
    const int32_t given[] = {(int32_t)source.rate, hop};
    settings_complete(given, 2, settings);
}

static int start_audio(int32_t hop) {
    int32_t settings[ANALYSIS_SETTINGS];
    settings_for(hop, settings);
    return audio_task_start(&source, settings);
}

static uint32_t now_tick(void) {
    return (uint32_t)worker_now_us() & WORKER_TICKS_MASK;
}

static void paint(uint8_t *frame, uint32_t number) {
    for (unsigned i = 0; i < LEDS * LED_BYTES; i++) {
        frame[i] = (uint8_t)(number >> (i % 4 * 8));
    }
}

static void on_sent(const uint8_t *bytes, size_t count, int64_t begin_us) {
    static int64_t last_begin_us;
    uint8_t frame[LEDS * LED_BYTES];
    uint32_t index = atomic_load(&script.sent_count);
    (void)count;
    paint(frame, expected[index]);
    atomic_fetch_add(&spoilt, memcmp(frame, bytes, sizeof(frame)) != 0);
    atomic_fetch_add(&disordered, begin_us < last_begin_us + LEDS * LED_BYTES * LED_BYTE_US + LED_RESET_US);
    last_begin_us = begin_us;
}

static int show(uint32_t number, uint32_t tick) {
    uint8_t a[LEDS * LED_BYTES], b[LEDS * LED_BYTES];
    const uint8_t *const bytes[LED_STRIPS] = {a, b};
    const size_t counts[LED_STRIPS] = {sizeof(a), sizeof(b)};
    paint(a, number);
    paint(b, ~number);
    expected[atomic_load(&handed)] = number;
    int result = led_show(bytes, counts, tick);
    memset(a, 0xee, sizeof(a)); // the caller's buffers are its own again
    memset(b, 0xee, sizeof(b));
    if (result >= 0) {
        atomic_fetch_add(&handed, 1);
    }
    return result;
}

static void print_leds(void) {
    led_stats_t stats = led_show_stats();
    printf("handed=%u sent=%u spoilt=%u disordered=%u overlaps=%u shown=%u late=%u busy=%u errors=%u opened=%d\n",
        atomic_load(&handed), atomic_load(&script.sent_count), atomic_load(&spoilt), atomic_load(&disordered),
        atomic_load(&script.overlaps), stats.shown, stats.late, stats.busy, stats.errors,
        atomic_load(&script.opened));
}

// ---- cases ----------------------------------------------------------------------------------------------------

// Frames as fast as they are taken, with ticks before, at and after now: each goes out once, whole and in order.
static void frames(void) {
    uint32_t random = 1;
    script.sent = on_sent;
    led_show_start(strips);
    for (uint32_t n = 0; n < rounds; n++) {
        while (show(n, now_tick() + script_random(&random) % 1500 - 500) < 0) {
            script_sleep_us(script_random(&random) % 200);
        }
    }
    while (atomic_load(&script.sent_count) < atomic_load(&handed)) {
        script_sleep_us(1000);
    }
    led_show_stop();
    print_leds();
}

// Stopped at any moment: never hangs, never leaves the driver open, and can start again.
static void stops(void) {
    uint32_t random = 7, slowest_us = 0, refused = 0;
    for (uint32_t n = 0; n < rounds; n++) {
        refused += led_show_start(strips) != 0;
        show(n, now_tick() + script_random(&random) % 3000);
        show(n, now_tick() + 900000);
        script_sleep_us(script_random(&random) % 2500);
        int64_t begin = worker_now_us();
        refused += !led_show_stop();
        uint32_t took = (uint32_t)(worker_now_us() - begin);
        slowest_us = took > slowest_us ? took : slowest_us;
        refused += show(n, 0) != LED_STOPPED;
    }
    printf("refused=%u slowest_us=%u ", refused, slowest_us);
    print_leds();
}

static void *watch(void *bad_out) {
    uint32_t last_shown = 0;
    unsigned *bad = bad_out;
    while (!atomic_load(&stop)) {
        led_stats_t stats = led_show_stats();
        audio_task_stats_t audio = audio_task_stats();
        *bad += stats.shown < last_shown || stats.start_error_p99_us > stats.start_error_max_us;
        *bad += led_show_done(0) < -1 || led_show_done(1) > (int32_t)WORKER_TICKS_MASK;
        *bad += audio.latency_p99_us > audio.latency_max_us;
        last_shown = stats.shown;
    }
    return NULL;
}

// Statistics read by another thread while both workers write them.
static void statistics(void) {
    unsigned bad = 0;
    pthread_t watcher;
    led_show_start(strips);
    start_audio(64);
    pthread_create(&watcher, NULL, watch, &bad);
    for (uint32_t n = 0; n < rounds; n++) {
        show(n % 65536, now_tick() + 500);
        script_sleep_us(700);
    }
    atomic_store(&stop, true);
    pthread_join(watcher, NULL);
    audio_task_stop();
    led_show_stop();
    printf("bad=%u ", bad);
    print_leds();
}

static void *listen(void *bad_out) {
    unsigned *bad = bad_out;
    snapshot_t got;
    while (!atomic_load(&stop)) {
        if (snapshot_read(&got)) {
            *bad += got.hop != got.hop_check || (got.hop != 0 && got.bins != SNAPSHOT_BINS);
        }
    }
    return NULL;
}

// The audio task restarted under readers.
static void restarts(void) {
    unsigned bad[2] = {0, 0}, refused = 0, silent = 0;
    uint32_t random = 3;
    pthread_t readers[2];
    snapshot_t got;
    for (unsigned i = 0; i < 2; i++) {
        pthread_create(&readers[i], NULL, listen, &bad[i]);
    }
    for (uint32_t n = 0; n < rounds; n++) {
        refused += start_audio(64 + (int32_t)(n % 4) * 64) != 0;
        script_sleep_us(script_random(&random) % 4000);
        refused += n % 3 == 0 ? 0 : !audio_task_stop(); // every third start finds the task running
        silent += n % 3 == 0 || (snapshot_read(&got) && got.hop == 0);
    }
    audio_task_stop();
    atomic_store(&stop, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
    printf("bad=%u refused=%u silent=%u torn=%u opened=%d\n", bad[0] + bad[1], refused, silent, snapshot_counts().torn,
        atomic_load(&script.opened));
}

// Drivers that fail: refused at the start or in between, counted, and the next try works.
static void failures(void) {
    atomic_store(&script.open_error, SCRIPT_ERROR);
    atomic_store(&script.microphone_error, SCRIPT_ERROR);
    printf("leds=%d audio=%d running=%d ", led_show_start(strips), start_audio(128), audio_task_running());
    printf("leds_error=%d audio_error=%d ", led_show_stats().last_error, audio_task_stats().last_error);
    atomic_store(&script.open_error, 0);
    atomic_store(&script.microphone_error, 0);
    atomic_store(&script.fail_every, 3);
    atomic_store(&script.microphone_fail_every, 4);
    printf("leds_again=%d audio_again=%d ", led_show_start(strips), start_audio(128));
    for (uint32_t n = 0; n < rounds; n++) {
        while (show(n, now_tick()) < 0) {
            script_sleep_us(100);
        }
    }
    while (audio_task_stats().errors < 5) {
        script_sleep_us(100);
    }
    script_sleep_us(5000);
    audio_task_stats_t audio = audio_task_stats();
    audio_task_stop();
    led_show_stop();
    printf("audio_errors=%u hops=%u blocks=%u overruns=%u ", audio.errors, audio.hops, audio.blocks, audio.overruns);
    print_leds();
}

// The loop's result is that of the same samples given to the analysis directly.
static void hops(void) {
    int32_t samples[128], settings[ANALYSIS_SETTINGS];
    snapshot_t direct, heard;
    start_audio(128);
    while (audio_task_stats().hops < rounds) {
        script_sleep_us(200);
    }
    memset(&heard, 0, sizeof(heard));
    snapshot_read(&heard);
    uint32_t wanted = heard.hop;
    uint32_t latency = (heard.published_us - heard.captured_us) & WORKER_TICKS_MASK;
    audio_task_stop();
    settings_for(128, settings);
    analysis_start(settings);
    for (uint32_t hop = 0; hop < wanted; hop++) {
        for (uint32_t i = 0; i < 128; i++) {
            samples[i] = script_sample(hop * 128 + i);
        }
        analysis_process(samples, &direct);
    }
    const size_t first = offsetof(snapshot_t, vu_peak), analysed = offsetof(snapshot_t, hop_check) - first;
    bool same = memcmp((uint8_t *)&direct + first, (uint8_t *)&heard + first, analysed) == 0;
    printf("same=%d late_ms=%u hops=%u\n", same, latency / 1000, wanted);
}

static uint32_t latency_hop, held_back;

// What has been delivered and is in no snapshot, at the moment the task asks for more.
static void count_held_back(uint32_t delivered) {
    snapshot_t newest;
    if (snapshot_read(&newest)) {
        uint32_t held = delivered - newest.hop * latency_hop;
        held_back = held > held_back ? held : held_back;
    }
}

// No sample waits longer than for the last block of its hop.
static void latency(void) {
    for (latency_hop = 64; latency_hop <= 256; latency_hop += 64) {
        held_back = 0;
        script.before_read = count_held_back;
        start_audio((int32_t)latency_hop);
        while (audio_task_stats().hops < rounds) {
            script_sleep_us(200);
        }
        audio_task_stop();
        printf("held_of_%u=%u ", latency_hop, held_back);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"frames", frames}, {"stops", stops}, {"statistics", statistics}, {"restarts", restarts},
        {"failures", failures}, {"hops", hops}, {"latency", latency}};
    rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    atomic_store(&script.block_us, 400);
    for (unsigned i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run();
            return 0;
        }
    }
    return 2;
}
