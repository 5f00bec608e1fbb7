// What a board provides to show frames: two strips that one call drives in parallel. Plain C; used by led_show.c only.
//
// ESP32: led_port_idf.c (RMT). SIM board: boards/SIM/sim_led_port.c (a journal that keeps wire time).
#ifndef LIGHTWAVE_LED_PORT_H
#define LIGHTWAVE_LED_PORT_H

#include <stddef.h>
#include <stdint.h>

#define LED_STRIPS 2
#define LED_STRIP_MAX 1024
#define LED_BYTES 3
#define LED_BYTE_US 10   // WS2812: 1.25 us per bit, 30 us per LED
#define LED_RESET_US 280 // low time after the last bit, when the LEDs take over what they received
#define LED_SLOTS_MAX 8

typedef struct {
    int pin;
    uint32_t leds; // 0: there is no such strip
} led_strip_t;

typedef struct {
    const uint8_t *bytes[LED_STRIPS]; // from led_port_allocate, unchanged until led_port_transmit returns
    size_t count[LED_STRIPS];         // 0: this strip goes on showing what it has
    int64_t begin_us;                 // first bit of both
} led_frame_t;

typedef struct {
    int64_t start_us;           // when the first bit really went out
    int64_t end_us[LED_STRIPS]; // end of the last bit of each strip that was sent
    int64_t wake_late_us;       // how late this system's scheduler let the port run; below 0 = early, as it should
} led_times_t;

// led_port_transmit wants to be called this long before begin_us: it waits the rest itself, exactly.
extern const int32_t led_port_lead_us;

// Frames that can be kept: 2 where the port runs on time, at most LED_SLOTS_MAX where a host's scheduler may let it
// fall behind for some frames.
extern const uint32_t led_port_slots;

// Take the hardware. 0, or the driver's error with nothing taken.
int led_port_open(const led_strip_t strips[LED_STRIPS]);
void led_port_close(void);

// Memory that the driver can read at any time, also while flash is being written. NULL when there is none.
void *led_port_allocate(size_t size);
void led_port_free(void *memory);

// Send a frame and return when both strips have ended: 0 with *times set, or the driver's error with both channels
// ready for the next frame. Never takes longer than the wire time plus a few milliseconds. On the LED worker.
int led_port_transmit(const led_frame_t *frame, led_times_t *times);

#endif
