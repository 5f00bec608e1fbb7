// An I2S microphone in standard mode (ESP-IDF 5.4/5.5's driver). Never built or run on hardware here.
#include "audio_port.h"

#include <stdatomic.h>
#include <string.h>

#include "driver/i2s_std.h"
#include "esp_attr.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define DMA_BLOCKS 8 // 32 ms at 16 kHz: longer than a burst of WiFi holds the core
#define READ_TIMEOUT_MS 100
#define ERROR_PAUSE_MS 10

// One entry per DMA block, by its number; twice as many as the driver can hold, so that none is overwritten unread.
#define STAMPS (2 * DMA_BLOCKS)

static i2s_chan_handle_t channel;
static int64_t arrived_us[STAMPS];
static _Atomic uint32_t completed; // blocks the DMA has filled
static _Atomic uint32_t lost;      // of those, dropped by the driver: always the oldest
static uint32_t taken;

// The driver calls this before it queues the block, so the stamp is there when the block is read.
static bool IRAM_ATTR on_block(i2s_chan_handle_t handle, i2s_event_data_t *event, void *arg) {
    (void)handle;
    (void)event;
    (void)arg;
    uint32_t number = atomic_load_explicit(&completed, memory_order_relaxed);
    arrived_us[number % STAMPS] = esp_timer_get_time();
    atomic_store_explicit(&completed, number + 1, memory_order_release);
    return false;
}

static bool IRAM_ATTR on_overflow(i2s_chan_handle_t handle, i2s_event_data_t *event, void *arg) {
    (void)handle;
    (void)event;
    (void)arg;
    atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
    return false;
}

static esp_err_t configure(const audio_source_t *source) {
    i2s_std_config_t config = {
        .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(source->rate),
        .slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO),
        .gpio_cfg = {
            .mclk = I2S_GPIO_UNUSED,
            .bclk = source->sck,
            .ws = source->ws,
            .dout = I2S_GPIO_UNUSED,
            .din = source->sd,
        },
    };
    const i2s_event_callbacks_t callbacks = { .on_recv = on_block, .on_recv_q_ovf = on_overflow };
    config.slot_cfg.slot_mask = I2S_STD_SLOT_LEFT;
    esp_err_t error = i2s_channel_init_std_mode(channel, &config);
    if (error == ESP_OK) {
        error = i2s_channel_register_event_callback(channel, &callbacks, NULL);
    }
    return error == ESP_OK ? i2s_channel_enable(channel) : error;
}

int audio_port_open(const audio_source_t *source) {
    i2s_chan_config_t config = I2S_CHANNEL_DEFAULT_CONFIG(I2S_NUM_AUTO, I2S_ROLE_MASTER);
    config.dma_desc_num = DMA_BLOCKS;
    config.dma_frame_num = AUDIO_BLOCK_FRAMES;
    memset(arrived_us, 0, sizeof(arrived_us));
    atomic_store(&completed, 0);
    atomic_store(&lost, 0);
    taken = 0;
    esp_err_t error = i2s_new_channel(&config, NULL, &channel);
    if (error != ESP_OK) {
        return error;
    }
    error = configure(source);
    if (error != ESP_OK) {
        i2s_del_channel(channel);
    }
    return error;
}

void audio_port_close(void) {
    i2s_channel_disable(channel);
    i2s_del_channel(channel);
}

int audio_port_read(int32_t samples[AUDIO_BLOCK_FRAMES], int64_t *captured_us) {
    const size_t size = AUDIO_BLOCK_FRAMES * sizeof(int32_t); // exactly one DMA block: reads stay aligned with them
    size_t got = 0;
    esp_err_t error = i2s_channel_read(channel, samples, size, &got, READ_TIMEOUT_MS);
    if (error != ESP_OK || got != size) {
        vTaskDelay(pdMS_TO_TICKS(ERROR_PAUSE_MS) + 1);
        return error != ESP_OK ? error : ESP_ERR_INVALID_SIZE;
    }
    uint32_t number = taken++ + atomic_load_explicit(&lost, memory_order_acquire);
    *captured_us = arrived_us[number % STAMPS];
    return 0;
}

uint32_t audio_port_overruns(void) {
    return atomic_load_explicit(&lost, memory_order_relaxed);
}
