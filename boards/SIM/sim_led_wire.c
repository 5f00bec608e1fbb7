// The LED wires: who drives which pin when, kept on the node's clock, and the journal of what went out.

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim_led_wire.h"

// One record of journal.bin, little-endian as every host this runs on; then the bytes, padded to a multiple of 4.
typedef struct __attribute__((packed)) {
    uint32_t magic;
    uint8_t pin;
    uint8_t flags;
    uint16_t count;
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t latch_ns;
} journal_header_t;

#define JOURNAL_MAGIC (0x4B314A52)

static pthread_mutex_t wire_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t idle_at_node_ns[SIM_RMT_CHANNELS];
static int journal_fd = -1;

// A single append per record: readers may follow the file while it grows and see whole records only.
static void journal_append(unsigned pin, uint8_t flags, const uint8_t *bytes, size_t count,
    const sim_frame_time_t *time) {
    if (journal_fd < 0) {
        char path[PATH_MAX];
        sim_path(path, sizeof(path), "journal.bin");
        journal_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    size_t size = sizeof(journal_header_t) + ((count + 3) & ~(size_t)3);
    uint8_t *record = calloc(1, size);
    if (record == NULL || journal_fd < 0) {
        free(record);
        return;
    }
    journal_header_t header = {
        .magic = JOURNAL_MAGIC, .pin = pin, .flags = flags, .count = count,
        .start_ns = time->start_ns, .end_ns = time->end_ns, .latch_ns = time->latch_ns,
    };
    memcpy(record, &header, sizeof(header));
    memcpy(record + sizeof(header), bytes, count);
    (void)!write(journal_fd, record, size);
    free(record);
}

// Called with the lock held.
static sim_frame_time_t send_at(unsigned channel, const sim_wire_frame_t *frame, int64_t start) {
    idle_at_node_ns[channel] = start + frame->busy_ns;
    sim_frame_time_t time;
    time.start_ns = sim_host_from_node(start + frame->first_edge_ns);
    time.end_ns = sim_host_from_node(start + frame->last_bit_end_ns);
    time.latch_ns = time.end_ns + SIM_WS2812_LATCH_NS;
    if (frame->count > 0 || frame->flags != 0) {
        journal_append(frame->pin, frame->flags, frame->bytes, frame->count, &time);
    }
    return time;
}

sim_frame_time_t sim_wire_send(unsigned channel, const sim_wire_frame_t *frame, int64_t not_before_node_ns) {
    int64_t now = sim_node_ns();
    return sim_wire_send_at(channel, frame, now < not_before_node_ns ? not_before_node_ns : now);
}

sim_frame_time_t sim_wire_send_at(unsigned channel, const sim_wire_frame_t *frame, int64_t start) {
    pthread_mutex_lock(&wire_lock);
    start = start < idle_at_node_ns[channel] ? idle_at_node_ns[channel] : start;
    sim_frame_time_t time = send_at(channel, frame, start);
    pthread_mutex_unlock(&wire_lock);
    return time;
}

static sim_wire_frame_t whole_frame(unsigned pin, const uint8_t *bytes, size_t count, uint32_t bit_ns) {
    int64_t length = (int64_t)count * 8 * bit_ns;
    sim_wire_frame_t frame = {
        .pin = pin, .bytes = bytes, .count = count, .busy_ns = length, .last_bit_end_ns = length,
    };
    return frame;
}

sim_frame_time_t sim_led_transmit(unsigned channel, unsigned pin, const uint8_t *bytes, size_t count,
    uint32_t bit_ns, int64_t not_before_node_ns) {
    sim_wire_frame_t frame = whole_frame(pin, bytes, count, bit_ns);
    return sim_wire_send(channel, &frame, not_before_node_ns);
}

sim_frame_time_t sim_led_transmit_at(unsigned channel, unsigned pin, const uint8_t *bytes, size_t count,
    uint32_t bit_ns, int64_t start_node_ns) {
    sim_wire_frame_t frame = whole_frame(pin, bytes, count, bit_ns);
    pthread_mutex_lock(&wire_lock);
    sim_frame_time_t time = send_at(channel, &frame, start_node_ns);
    pthread_mutex_unlock(&wire_lock);
    return time;
}

int64_t sim_led_idle_at(unsigned channel) {
    pthread_mutex_lock(&wire_lock);
    int64_t idle_at = idle_at_node_ns[channel];
    pthread_mutex_unlock(&wire_lock);
    return idle_at;
}

void sim_wire_stop(unsigned channel) {
    pthread_mutex_lock(&wire_lock);
    idle_at_node_ns[channel] = 0;
    pthread_mutex_unlock(&wire_lock);
}

// ---- WS2812 ---------------------------------------------------------------------------------------------------

// What the LEDs accept, in ns, with the tolerance of the common clones.
enum {
    ZERO_HIGH_MIN = 200, ZERO_HIGH_MAX = 550, ONE_HIGH_MIN = 600, ONE_HIGH_MAX = 1000,
    BIT_MIN = 1000, BIT_MAX = 1600, BIT_NOMINAL = 1250,
};

void sim_ws2812_begin(sim_ws2812_t *decoder, uint8_t *bytes, size_t capacity) {
    memset(decoder, 0, sizeof(*decoder));
    decoder->frame.bytes = bytes;
    decoder->storage = bytes;
    decoder->capacity = capacity;
}

static void end_bit(sim_ws2812_t *decoder, bool last) {
    uint32_t high = decoder->high_ns;
    uint32_t low = decoder->low_ns;
    bool is_one = high > (ZERO_HIGH_MAX + ONE_HIGH_MIN) / 2;
    bool high_fits = is_one ? high >= ONE_HIGH_MIN && high <= ONE_HIGH_MAX
                            : high >= ZERO_HIGH_MIN && high <= ZERO_HIGH_MAX;
    // After the last bit the line stays low for as long as it likes.
    if (last && (low == 0 || high + low > BIT_MAX)) {
        low = high < BIT_NOMINAL ? BIT_NOMINAL - high : 0;
    }
    if (!high_fits || high + low < BIT_MIN || high + low > BIT_MAX) {
        decoder->frame.flags |= SIM_WIRE_MALFORMED;
    }
    size_t index = decoder->bits / 8;
    if (index < decoder->capacity) {
        uint8_t mask = 0x80 >> (decoder->bits % 8);
        decoder->storage[index] = (decoder->storage[index] & ~(mask | (mask - 1))) | (is_one ? mask : 0);
        decoder->bits += 1;
    } else {
        decoder->frame.flags |= SIM_WIRE_MALFORMED;
    }
    decoder->frame.last_bit_end_ns = decoder->rise_ns + high + low;
    decoder->high_ns = decoder->low_ns = 0;
}

void sim_ws2812_pulse(sim_ws2812_t *decoder, bool level, uint32_t length_ns) {
    if (level) {
        if (decoder->low_ns > 0 && decoder->high_ns > 0) {
            end_bit(decoder, false);
        }
        if (decoder->high_ns == 0) {
            decoder->rise_ns = decoder->frame.busy_ns;
            if (decoder->bits == 0) {
                decoder->frame.first_edge_ns = decoder->rise_ns;
            }
        }
        decoder->high_ns += length_ns;
        decoder->low_ns = 0;
    } else if (decoder->high_ns > 0) {
        decoder->low_ns += length_ns;
    }
    decoder->frame.busy_ns += length_ns;
}

const sim_wire_frame_t *sim_ws2812_end(sim_ws2812_t *decoder) {
    if (decoder->high_ns > 0) {
        end_bit(decoder, true);
    }
    if (decoder->bits % 8 != 0) {
        decoder->frame.flags |= SIM_WIRE_PARTIAL_BYTE;
    }
    decoder->frame.count = (decoder->bits + 7) / 8;
    return &decoder->frame;
}
