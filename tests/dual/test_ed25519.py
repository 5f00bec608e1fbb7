"""Ed25519 signatures and SHA-512: the RFC's vectors, and everything that must not pass."""

from binascii import hexlify, unhexlify

from dual_support import cases

from lightwave import ed25519
from lightwave.sha512 import sha512

ORDER = 7237005577332262213973186563042994240857116359379907606001950938285454250989
PRIME = (1 << 255) - 19

# RFC 8032, section 7.1: public key, message, signature
VECTORS = (
    (
        "1",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "2",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "3",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "sha_abc",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
)
KEY, MESSAGE, SIGNATURE = [unhexlify(text) for text in VECTORS[2][1:]]


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@cases(globals(), VECTORS)
def test_takes_the_rfcs_vector(key, message, signature):
    assert ed25519.verify(unhexlify(key), unhexlify(message), unhexlify(signature))


def test_any_changed_bit_of_a_signature_spoils_it():
    for bit in range(0, 512, 37):
        assert not ed25519.verify(KEY, MESSAGE, flipped(SIGNATURE, bit)), bit


def test_another_message_or_key_spoils_it():
    assert not ed25519.verify(KEY, MESSAGE + b"\0", SIGNATURE)
    assert not ed25519.verify(KEY, b"", SIGNATURE)
    assert not ed25519.verify(unhexlify(VECTORS[1][1]), MESSAGE, SIGNATURE)


def test_s_has_one_form_only():
    s = int.from_bytes(SIGNATURE[32:], "little")
    for wrong in (s + ORDER, s + 8 * ORDER, ORDER, (1 << 256) - 1):
        assert not ed25519.verify(KEY, MESSAGE, SIGNATURE[:32] + wrong.to_bytes(32, "little"))


def test_lengths_are_exact():
    for key, signature in ((KEY[:31], SIGNATURE), (KEY + b"\0", SIGNATURE), (KEY, SIGNATURE[:63]), (KEY, b"")):
        assert not ed25519.verify(key, MESSAGE, signature)


def point(y, odd=0):
    return (y | odd << 255).to_bytes(32, "little")


# With one of these as key, S = 0 and R = the neutral point would sign every eighth message, or each.
NO_KEYS = (
    ("neutral", point(1)),
    ("neutral_not_canonical", point(PRIME + 1)),
    ("neutral_as_negative_zero", point(1, 1)),
    ("of_order_two", point(PRIME - 1)),
    ("of_order_four", point(0)),
    ("of_order_four_not_canonical", point(PRIME)),
    ("of_order_eight", unhexlify("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
    ("no_point", point(2)),
    ("all_ones", b"\xff" * 32),
)


@cases(globals(), NO_KEYS)
def test_refuses_a_key(key):
    neutral = point(1) + bytes(32)
    for message in range(16):
        assert not ed25519.verify(key, bytes([message]), neutral)


def signature_with(r_bytes):
    """By the key of vector 3, with the neutral point as R, written as given: S = k * a fits it."""
    seed = unhexlify("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    a = int.from_bytes(sha512(seed)[:32], "little") & (1 << 254) - 8 | 1 << 254
    k = int.from_bytes(sha512(r_bytes + KEY + MESSAGE), "little")
    return r_bytes + (k * a % ORDER).to_bytes(32, "little")


def test_r_may_be_of_small_order_but_has_one_form_only():
    assert ed25519.verify(KEY, MESSAGE, signature_with(point(1)))
    assert not ed25519.verify(KEY, MESSAGE, signature_with(point(PRIME + 1)))
    assert not ed25519.verify(KEY, MESSAGE, signature_with(point(1, 1)))


def test_in_small_steps_it_is_the_same():
    for signature, wanted in ((SIGNATURE, True), (flipped(SIGNATURE, 300), False)):
        check = ed25519.Verification(KEY, MESSAGE, signature)
        answers = [check.step(16) for _ in range(16)]
        assert answers == [None] * 15 + [wanted]


# FIPS 180-4's examples, and lengths around the padding's edge.
DIGESTS = (
    (
        "empty",
        b"",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    ),
    (
        "abc",
        b"abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        "111_bytes",
        b"k" * 111,
        "247d1b0c7c54310fcc0d77e2aa023fb32dbb3c31632023cbe7f86b906a6a167b"
        "b65a067cfeeb628727ebc9dab29537be3760a3dc809dae339425305aa249c281",
    ),
    (
        "112_bytes",
        b"k" * 112,
        "8a9dc60205b013950c58ee0834d8b0cf2be9519df692fd94f24653a877d251cd"
        "4ce8b784303d043ae9d09152d6b20c48e743c8f94cf2e7093c89dd6b60df695e",
    ),
    (
        "128_bytes",
        b"k" * 128,
        "97c2b533ce3941baec53ebf497689d4ffa7a0fae5e7a128cf3c461bffca6cca7"
        "b26f0840a2d0c6e992710bcb3967d5cabf2036281609e0321a3911331acfc8f1",
    ),
    (
        "240_bytes",
        b"k" * 240,
        "e84a564cf25f0c9861c84446eac54a804988abe2339fa49762613f5c6c652d47"
        "06cae0bb17ed5fa6ce91caad1c02d152564948f3e0b5da3345ace4463750a522",
    ),
)


@cases(globals(), DIGESTS)
def test_sha512(message, digest):
    assert hexlify(sha512(message)).decode() == digest
