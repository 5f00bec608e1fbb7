// A board made of pthreads, whose LED driver and microphone do what a test tells them: worker.h, led_port.h and
// audio_port.h are implemented in scripted_board.c.
#ifndef SCRIPTED_BOARD_H
#define SCRIPTED_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_ERROR 0x107 // what a driver answers that fails

extern struct script {
    // LED driver
    atomic_int open_error;
    atomic_uint fail_every; // every n-th transmission fails; 0 = none
    void (*sent)(const uint8_t *bytes, size_t count, int64_t begin_us); // strip A of each frame, as it leaves the wire
    atomic_uint overlaps; // transmissions that ran beside another
    atomic_uint sent_count;
    // microphone
    atomic_int microphone_error;       // audio_port_open's answer
    atomic_uint block_us;              // pace
    void (*before_read)(uint32_t delivered); // samples so far
    atomic_uint microphone_fail_every; // every n-th read fails
    atomic_int opened;                 // opened minus closed, both drivers
} script;

// Deterministic, one state per caller: tests are repeatable.
uint32_t script_random(uint32_t *state);
void script_sleep_us(uint32_t us);
// The sample n of the scripted microphone.
int32_t script_sample(uint32_t n);

#endif
