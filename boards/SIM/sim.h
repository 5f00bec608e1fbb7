// What the SIM board's C files share, and what another C module (firmware/native) may use as its "hardware":
// the node's clock, the LED wire and the microphone. Only this header is included from outside boards/SIM.
#ifndef K1_SIM_H
#define K1_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- settings (sim_board.c): read once from the environment before main() -------------------------------------

const char *sim_env(const char *name, const char *fallback);
int64_t sim_env_int(const char *name, int64_t fallback);
// A path inside the node's directory ($K1_SIM_DIR). Static storage per call site is not needed: copies into out.
void sim_path(char *out, size_t size, const char *name);

// ---- clocks (sim_clock.c) -------------------------------------------------------------------------------------

// Host CLOCK_MONOTONIC in ns; the time base of the journal.
int64_t sim_host_ns(void);
// The node's own clock in ns: host time times (1 + skew), plus the offset. esp_timer_get_time() * 1000 on a board.
int64_t sim_node_ns(void);
int64_t sim_host_from_node(int64_t node_ns);
// Sleep until a host time; survives signals. Neither touches the GIL.
void sim_sleep_until_host(int64_t host_ns);
void sim_sleep_until_node(int64_t node_ns);
// Wait with the GIL held, as a busy-waiting driver does, but without burning the host's CPU.
void sim_delay_us_holding_gil(uint32_t us);
// The host's own poll(2), for C threads; poll() by its name is the Python side's (see sim_clock.c).
struct pollfd;
int sim_host_poll(struct pollfd *fds, unsigned long count, int timeout_ms);

// ---- events (sim_clock.c) -------------------------------------------------------------------------------------

// A counter that every interrupt-like source bumps. Read it, look at the state, then wait on the value read: a bump
// in between ends the wait at once, so none is lost. deadline_host_ns < 0 waits for ever. Call without the GIL.
uint32_t sim_event_sequence(void);
void sim_event_notify(void);
void sim_event_wait(uint32_t sequence_seen, int64_t deadline_host_ns);

// ---- threads (sim_board.c) ------------------------------------------------------------------------------------

// Start a C thread that no signal meant for Python threads ever reaches. Aborts the process on failure.
void sim_thread_start(void *(*entry)(void *), void *arg);
// Interrupt a blocking system call of the main Python thread.
void sim_kick_main_thread(void);

// ---- resets (sim_board.c) -------------------------------------------------------------------------------------

// Values of machine.reset_cause(), as the ESP32 port numbers them.
enum { SIM_PWRON_RESET = 1, SIM_HARD_RESET, SIM_WDT_RESET, SIM_DEEPSLEEP_RESET, SIM_SOFT_RESET };
int sim_reset_cause(void);
// Start over as the chip does: every thread, buffer and socket is gone, the flash stays. Any thread may call it.
void sim_reset(int cause) __attribute__((noreturn));
void sim_watchdog_start(uint32_t timeout_ms);
void sim_watchdog_feed(void);

// ---- console (sim_serial.c) -----------------------------------------------------------------------------------

void sim_serial_start(void);
// A line from the board itself ("rst:0x7 ..."); safe from any thread, needs no GIL.
void sim_console_print(const char *text);

// ---- LED wire (sim_rmt.c) -------------------------------------------------------------------------------------

#define SIM_RMT_CHANNELS (4)
#define SIM_WS2812_LATCH_NS (280000)

typedef struct _sim_frame_time_t {
    int64_t start_ns; // host CLOCK_MONOTONIC: first rising edge,
    int64_t end_ns;   // end of the last bit,
    int64_t latch_ns; // and the moment the LEDs show it.
} sim_frame_time_t;

// Put bytes on a channel's wire, first bit not before not_before_node_ns (0: now) nor before the previous
// transmission has ended. bit_ns is the length of one bit (1250 nominal). Returns at once; the journal holds the
// frame from then on. Thread safe.
sim_frame_time_t sim_led_transmit(unsigned channel, unsigned pin, const uint8_t *bytes, size_t count,
    uint32_t bit_ns, int64_t not_before_node_ns);
// As a hardware timer does it: the first bit goes out at start_node_ns exactly, also when the host let the caller run
// only after that. The caller keeps its transmissions apart.
sim_frame_time_t sim_led_transmit_at(unsigned channel, unsigned pin, const uint8_t *bytes, size_t count,
    uint32_t bit_ns, int64_t start_node_ns);
// Node time at which the channel falls idle; in the past when it is.
int64_t sim_led_idle_at(unsigned channel);

// ---- microphone (sim_i2s.c) -----------------------------------------------------------------------------------

typedef struct _sim_mic_t sim_mic_t;
#define SIM_MIC_DMA_FRAMES (256)     // machine.I2S
#define SIM_MIC_DMA_FRAMES_MAX (256)

// Open the microphone: signed 32-bit left-justified mono samples at rate, held in dma_blocks blocks of dma_frames;
// the oldest block is lost (and counted) when nobody reads. NULL when out of memory.
sim_mic_t *sim_mic_open(uint32_t rate, unsigned dma_blocks, unsigned dma_frames);
// Take up to count samples that have arrived. 0 when none has.
size_t sim_mic_read(sim_mic_t *mic, int32_t *samples, size_t count);
// Node time at which the last sample taken had arrived.
int64_t sim_mic_captured_ns(sim_mic_t *mic);
// Wait (without the GIL) until samples are there or the microphone is closed; false when closed.
bool sim_mic_wait(sim_mic_t *mic);
uint32_t sim_mic_overruns(const sim_mic_t *mic);
void sim_mic_close(sim_mic_t *mic);

// ---- flash (sim_flash.c) --------------------------------------------------------------------------------------

#define SIM_FLASH_SIZE (8u * 1024 * 1024)
#define SIM_FLASH_SECTOR (4096u)

bool sim_flash_read(uint32_t address, void *buffer, size_t size);
bool sim_flash_program(uint32_t address, const void *data, size_t size); // can only clear bits
bool sim_flash_erase(uint32_t address, size_t size);                     // whole sectors to 0xFF

// ---- WiFi station (sim_wifi.c) --------------------------------------------------------------------------------

void sim_wifi_start_control(void);
bool sim_wifi_link_up(void);
// The station's IPv4 address in network order.
uint32_t sim_wifi_address(void);

#endif
