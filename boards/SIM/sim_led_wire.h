// Between the RMT peripheral (pulses) and the LED wire (bytes at a time).
#ifndef K1_SIM_LED_WIRE_H
#define K1_SIM_LED_WIRE_H

#include "sim.h"

#define SIM_WIRE_MALFORMED (1 << 0)
#define SIM_WIRE_PARTIAL_BYTE (1 << 1)

// One transmission. Times are node ns from its start.
typedef struct _sim_wire_frame_t {
    unsigned pin;
    uint8_t flags;
    const uint8_t *bytes;
    size_t count;
    int64_t first_edge_ns;
    int64_t last_bit_end_ns;
    int64_t busy_ns;
} sim_wire_frame_t;

// Send a frame when its channel is free, not before the given node time; journals it unless nothing was on the wire.
sim_frame_time_t sim_wire_send(unsigned channel, const sim_wire_frame_t *frame, int64_t not_before_node_ns);
// The same with the moment it was asked for, which may be past; a channel that is busy then starts it when it is free.
sim_frame_time_t sim_wire_send_at(unsigned channel, const sim_wire_frame_t *frame, int64_t start_node_ns);
void sim_wire_stop(unsigned channel);

// Reads pulses as an LED does. bytes must hold the wire bytes; what does not fit is flagged.
typedef struct _sim_ws2812_t {
    sim_wire_frame_t frame;
    uint8_t *storage;
    size_t capacity;
    size_t bits;
    int64_t rise_ns;
    uint32_t high_ns;
    uint32_t low_ns;
} sim_ws2812_t;

void sim_ws2812_begin(sim_ws2812_t *decoder, uint8_t *bytes, size_t capacity);
void sim_ws2812_pulse(sim_ws2812_t *decoder, bool level, uint32_t length_ns);
const sim_wire_frame_t *sim_ws2812_end(sim_ws2812_t *decoder);

#endif
