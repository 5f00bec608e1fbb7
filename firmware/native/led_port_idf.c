// Two WS2812 strips on the RMT peripheral (ESP-IDF 5.4/5.5's driver). Never built or run on hardware here.
//
// Wants MicroPython 1.28 or newer: until then its esp32.RMT used the legacy driver, which refuses to live in one
// image with this one. The two channels take all of an ESP32-S3's transmit memory: strip B streams by DMA through
// the last channel, strip A has the memory of the other three, which makes its interrupt rare (one per 3 LEDs).
#include "led_port.h"

#include <string.h>

#include "driver/rmt_tx.h"
#include "esp_attr.h"
#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "soc/soc_caps.h"

#define RESOLUTION_HZ 20000000 // 50 ns: 0.40 + 0.85 us is a zero, 0.80 + 0.45 us a one
#define DMA_SYMBOLS 1024       // 4 KB: an interrupt every 21 LEDs
#define MEMORY_BLOCKS_A 3
#define DONE_MARGIN_MS 5

// What lies between the call of rmt_transmit and the first edge, on both strips: driver and encoder fill the channel's
// memory first. An estimate; the statistics' start error, taken from the end of the transmission, shows what is left.
#define LAUNCH_US 15

typedef struct {
    rmt_channel_handle_t channel; // NULL: no such strip
    rmt_encoder_handle_t encoder;
    volatile int64_t end_us; // written by the interrupt before it gives `done`
    SemaphoreHandle_t done;
    StaticSemaphore_t done_memory;
} strip_t;

// Long enough for a context switch at the highest priority; what is left of it is waited in a loop.
const int32_t led_port_lead_us = 60;
const uint32_t led_port_slots = 2;

static strip_t strips[LED_STRIPS];

static bool IRAM_ATTR on_done(rmt_channel_handle_t channel, const rmt_tx_done_event_data_t *event, void *arg) {
    strip_t *strip = arg;
    BaseType_t woken = pdFALSE;
    (void)channel;
    (void)event;
    strip->end_us = esp_timer_get_time();
    xSemaphoreGiveFromISR(strip->done, &woken);
    return woken == pdTRUE;
}

static esp_err_t new_channel(unsigned index, int pin, rmt_channel_handle_t *channel) {
    rmt_tx_channel_config_t config = {
        .gpio_num = pin,
        .clk_src = RMT_CLK_SRC_DEFAULT,
        .resolution_hz = RESOLUTION_HZ,
        .mem_block_symbols = SOC_RMT_MEM_WORDS_PER_CHANNEL * MEMORY_BLOCKS_A,
        .trans_queue_depth = 1,
    };
    #if SOC_RMT_SUPPORT_DMA
    if (index == 1) {
        config.mem_block_symbols = DMA_SYMBOLS;
        config.flags.with_dma = true;
    }
    #else
    (void)index;
    #endif
    return rmt_new_tx_channel(&config, channel);
}

static esp_err_t new_encoder(rmt_encoder_handle_t *encoder) {
    const rmt_bytes_encoder_config_t config = {
        .bit0 = { .level0 = 1, .duration0 = 8, .level1 = 0, .duration1 = 17 },
        .bit1 = { .level0 = 1, .duration0 = 16, .level1 = 0, .duration1 = 9 },
        .flags.msb_first = 1,
    };
    return rmt_new_bytes_encoder(&config, encoder);
}

static esp_err_t open_strip(unsigned index, int pin) {
    strip_t *strip = &strips[index];
    const rmt_tx_event_callbacks_t callbacks = { .on_trans_done = on_done };
    strip->done = xSemaphoreCreateBinaryStatic(&strip->done_memory);
    esp_err_t error = new_channel(index, pin, &strip->channel);
    if (error == ESP_OK) {
        error = new_encoder(&strip->encoder);
    }
    if (error == ESP_OK) {
        error = rmt_tx_register_event_callbacks(strip->channel, &callbacks, strip);
    }
    return error == ESP_OK ? rmt_enable(strip->channel) : error;
}

int led_port_open(const led_strip_t wanted[LED_STRIPS]) {
    memset(strips, 0, sizeof(strips));
    // B first: its DMA channel is the last one, and A's three blocks must not have taken that.
    for (unsigned i = LED_STRIPS; i-- > 0;) {
        esp_err_t error = wanted[i].leds > 0 ? open_strip(i, wanted[i].pin) : ESP_OK;
        if (error != ESP_OK) {
            led_port_close();
            return error;
        }
    }
    return 0;
}

void led_port_close(void) {
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        strip_t *strip = &strips[i];
        if (strip->channel != NULL) {
            rmt_disable(strip->channel); // refused when it never got enabled, which is as good
            rmt_del_channel(strip->channel);
        }
        if (strip->encoder != NULL) {
            rmt_del_encoder(strip->encoder);
        }
        strip->channel = NULL;
        strip->encoder = NULL;
    }
}

void *led_port_allocate(size_t size) {
    return heap_caps_malloc(size, MALLOC_CAP_INTERNAL | MALLOC_CAP_DMA | MALLOC_CAP_8BIT);
}

void led_port_free(void *memory) {
    heap_caps_free(memory);
}

static esp_err_t launch(const led_frame_t *frame) {
    const rmt_transmit_config_t config = { .loop_count = 0, .flags.queue_nonblocking = 1 };
    esp_err_t error = ESP_OK;
    for (unsigned i = 0; i < LED_STRIPS && error == ESP_OK; i++) {
        if (frame->count[i] > 0) {
            xSemaphoreTake(strips[i].done, 0);
            error = rmt_transmit(strips[i].channel, strips[i].encoder, frame->bytes[i], frame->count[i], &config);
        }
    }
    return error;
}

static esp_err_t await_end(const led_frame_t *frame, led_times_t *times) {
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        if (frame->count[i] == 0) {
            continue;
        }
        uint32_t wire_us = frame->count[i] * LED_BYTE_US;
        TickType_t timeout = pdMS_TO_TICKS(wire_us / 1000 + DONE_MARGIN_MS) + 1;
        if (xSemaphoreTake(strips[i].done, timeout) != pdTRUE) {
            return ESP_ERR_TIMEOUT;
        }
        times->end_us[i] = strips[i].end_us;
        // The hardware's own clock paces the bits, so the end tells the start better than the CPU can.
        int64_t start_us = times->end_us[i] - wire_us;
        if (times->start_us == 0 || start_us > times->start_us) {
            times->start_us = start_us; // of the strip that started last
        }
    }
    return ESP_OK;
}

// A channel that failed half way is taken back to where it was after rmt_enable.
static void recover(void) {
    for (unsigned i = 0; i < LED_STRIPS; i++) {
        if (strips[i].channel != NULL) {
            rmt_disable(strips[i].channel);
            rmt_encoder_reset(strips[i].encoder);
            rmt_enable(strips[i].channel);
        }
    }
}

int led_port_transmit(const led_frame_t *frame, led_times_t *times) {
    int64_t launch_us = frame->begin_us - LAUNCH_US;
    int64_t now_us = esp_timer_get_time();
    memset(times, 0, sizeof(*times));
    times->wake_late_us = now_us - launch_us;
    while (now_us < launch_us) {
        now_us = esp_timer_get_time();
    }
    esp_err_t error = launch(frame);
    if (error == ESP_OK) {
        error = await_end(frame, times);
    }
    if (error != ESP_OK) {
        recover();
    } else if (times->start_us == 0) {
        times->start_us = now_us; // nothing to send on either strip
    }
    return error;
}
