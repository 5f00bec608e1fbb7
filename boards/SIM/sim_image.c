// The check ESP-IDF makes of an application image before it will boot it.
//
// Layout, from "Firmware Image Format" of the esptool documentation: a 24-byte header (0xE9, segment count, ...,
// last byte: SHA-256 appended), segments of (load address, length, data), padding so that the checksum is the last
// byte of a 16-byte row, then the digest of all before it.

#include <string.h>

#include "lib/crypto-algorithms/sha256.h"
#include "sim_partition.h"

#define IMAGE_MAGIC (0xE9)
#define HEADER_SIZE (24)
#define SEGMENT_HEADER_SIZE (8)
#define SEGMENTS_MAX (16)
#define CHECKSUM_SEED (0xEF)
#define DIGEST_SIZE (32)

typedef struct {
    const sim_part_t *part;
    uint32_t offset;
    uint8_t checksum;
    CRYAL_SHA256_CTX digest;
} image_reader_t;

static bool take(image_reader_t *reader, uint8_t *out, uint32_t size, bool in_checksum) {
    if (size > reader->part->size - reader->offset
        || !sim_flash_read(reader->part->address + reader->offset, out, size)) {
        return false;
    }
    reader->offset += size;
    sha256_update(&reader->digest, out, size);
    for (uint32_t i = 0; in_checksum && i < size; ++i) {
        reader->checksum ^= out[i];
    }
    return true;
}

static bool take_segment(image_reader_t *reader) {
    uint32_t header[SEGMENT_HEADER_SIZE / 4];
    if (!take(reader, (uint8_t *)header, sizeof(header), false)) {
        return false;
    }
    uint8_t block[1024];
    for (uint32_t left = header[1]; left > 0;) {
        uint32_t size = left < sizeof(block) ? left : sizeof(block);
        if (!take(reader, block, size, true)) {
            return false;
        }
        left -= size;
    }
    return true;
}

static bool take_checksum(image_reader_t *reader) {
    uint8_t row[16];
    uint32_t size = 16 - reader->offset % 16;
    return take(reader, row, size, false) && row[size - 1] == reader->checksum;
}

static bool digest_matches(image_reader_t *reader) {
    uint8_t expected[DIGEST_SIZE], found[DIGEST_SIZE];
    sha256_final(&reader->digest, expected);
    return reader->part->size - reader->offset >= DIGEST_SIZE
           && sim_flash_read(reader->part->address + reader->offset, found, DIGEST_SIZE)
           && memcmp(expected, found, DIGEST_SIZE) == 0;
}

bool sim_image_is_valid(const sim_part_t *part) {
    image_reader_t reader = { .part = part, .checksum = CHECKSUM_SEED };
    sha256_init(&reader.digest);
    uint8_t header[HEADER_SIZE];
    if (!take(&reader, header, sizeof(header), false) || header[0] != IMAGE_MAGIC
        || header[1] == 0 || header[1] > SEGMENTS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < header[1]; ++i) {
        if (!take_segment(&reader)) {
            return false;
        }
    }
    return take_checksum(&reader) && (header[HEADER_SIZE - 1] == 0 || digest_matches(&reader));
}
