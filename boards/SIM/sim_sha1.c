// SHA-1 (FIPS 180-4), which the ESP32 port takes from mbedTLS: this board is built without a TLS library.

#include <string.h>

#include "py/obj.h"
#include "py/runtime.h"
#include "sim_module.h"

#define BLOCK 64
#define DIGEST 20

static uint32_t rotate(uint32_t value, unsigned bits) {
    return value << bits | value >> (32 - bits);
}

static void mix(uint32_t state[5], const uint8_t *block) {
    uint32_t w[80];
    for (unsigned t = 0; t < 16; t++, block += 4) {
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    }
    for (unsigned t = 16; t < 80; t++) {
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned t = 0; t < 80; t++) {
        uint32_t f, k;
        if (t < 20) {
            f = (b & c) | (~b & d), k = 0x5a827999;
        } else if (t < 40) {
            f = b ^ c ^ d, k = 0x6ed9eba1;
        } else if (t < 60) {
            f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d, k = 0xca62c1d6;
        }
        uint32_t next = rotate(a, 5) + f + e + k + w[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

// The last block or two: what is left of the message, a one bit, zeros, and the length in bits.
static void finish(uint32_t state[5], const uint8_t *rest, size_t length, uint64_t total) {
    uint8_t tail[2 * BLOCK] = {0};
    size_t size = length < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    memcpy(tail, rest, length);
    tail[length] = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        tail[size - 1 - i] = (uint8_t)(total * 8 >> 8 * i);
    }
    for (size_t at = 0; at < size; at += BLOCK) {
        mix(state, tail + at);
    }
}

static mp_obj_t sim_sha1_fun(mp_obj_t message) {
    mp_buffer_info_t in;
    mp_get_buffer_raise(message, &in, MP_BUFFER_READ);
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint8_t *data = in.buf;
    size_t left = in.len;
    for (; left >= BLOCK; left -= BLOCK, data += BLOCK) {
        mix(state, data);
    }
    finish(state, data, left, in.len);
    uint8_t digest[DIGEST];
    for (unsigned i = 0; i < DIGEST; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
    return mp_obj_new_bytes(digest, DIGEST);
}
MP_DEFINE_CONST_FUN_OBJ_1(sim_sha1_obj, sim_sha1_fun);
