// What a board provides to hear: blocks of samples as the DMA delivers them. Plain C; used by audio_task.c only, and
// all of it on the audio worker, so that the interrupt lives on that worker's core.
//
// ESP32: audio_port_idf.c (I2S). SIM board: boards/SIM/sim_audio_port.c (the same microphone as machine.I2S).
#ifndef LIGHTWAVE_AUDIO_PORT_H
#define LIGHTWAVE_AUDIO_PORT_H

#include <stdint.h>

#define AUDIO_BLOCK_FRAMES 64 // 4 ms at 16 kHz

typedef struct {
    int sck, ws, sd; // GPIOs: bit clock, word select, data
    uint32_t rate;
} audio_source_t;

// Take the hardware. 0, or the driver's error with nothing taken.
int audio_port_open(const audio_source_t *source);
void audio_port_close(void);

// Wait for the next block: int32 samples of the left channel, left-justified. captured_us is the clock's time when
// the last of them arrived. 0, or an error (no block within 100 ms, say) after at least 10 ms: a broken microphone
// must not become a busy loop.
int audio_port_read(int32_t samples[AUDIO_BLOCK_FRAMES], int64_t *captured_us);

// Blocks lost since audio_port_open because audio_port_read came too late.
uint32_t audio_port_overruns(void);

#endif
