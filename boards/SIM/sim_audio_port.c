// firmware/native's audio port: the board's microphone in short DMA blocks.

#include "audio_port.h"
#include "sim.h"

// The board has 8. A host may keep the thread waiting for longer, which says nothing about the firmware.
#define DMA_BLOCKS (32)

static sim_mic_t *mic;

int audio_port_open(const audio_source_t *source) {
    mic = sim_mic_open(source->rate, DMA_BLOCKS, AUDIO_BLOCK_FRAMES);
    return mic != NULL ? 0 : -1;
}

void audio_port_close(void) {
    sim_mic_close(mic);
    mic = NULL;
}

int audio_port_read(int32_t samples[AUDIO_BLOCK_FRAMES], int64_t *captured_us) {
    size_t got = 0;
    while (got < AUDIO_BLOCK_FRAMES) { // blocks arrive whole, so this waits once at most
        sim_mic_wait(mic);
        got += sim_mic_read(mic, samples + got, AUDIO_BLOCK_FRAMES - got);
    }
    *captured_us = sim_mic_captured_ns(mic) / 1000;
    return 0;
}

uint32_t audio_port_overruns(void) {
    return sim_mic_overruns(mic);
}
