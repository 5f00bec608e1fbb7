"""The join key's proofs: HMAC-SHA256 by the RFC's vectors, and what a proof is bound to."""

from binascii import hexlify, unhexlify

from dual_support import cases

from lightwave import join, messages

# RFC 4231, section 4: key, data, tag. Case 5 has the first 16 bytes only.
VECTORS = (
    (
        "1",
        "0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        "2_short_key",
        "4a656665",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "3_long_data",
        "aa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        "4_other_key",
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    ("5_truncated", "0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        "6_key_longer_than_a_block",
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "7_both_longer_than_a_block",
        "aa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
        b"hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)
KEY = "correct-horse-battery"
MAC = "AA:BB:CC:DD:EE:0F"
NODE_NONCE = "00112233445566778899aabbccddeeff"
HUB_NONCE = "ffeeddccbbaa99887766554433221100"
# By Python's own hmac, once: hmac.digest(KEY, "k1 hub\\n" MAC "\\n" NODE_NONCE "\\n" HUB_NONCE, "sha256").
HUB_PROOF = "e35a18c56079255bcf5faa278163a81088b6fb5b3ae628083ed65be9d061a084"
NODE_PROOF = "036b3e386b627d8f338b16b7e3cdcc4d4b39208c438cefde611a1c752a7c0ff5"


@cases(globals(), VECTORS)
def test_hmac_takes_the_rfcs_vector(key, data, tag):
    assert hexlify(join.hmac_sha256(unhexlify(key), data)).decode()[: len(tag)] == tag


def test_a_key_of_exactly_a_block_is_not_hashed():
    key = b"k" * 64
    assert join.hmac_sha256(key[:-1], b"m") == join.hmac_sha256(key[:-1] + b"\0", b"m"), "shorter ones are filled up"
    assert join.hmac_sha256(key, b"m") != join.hmac_sha256(key + b"\0", b"m")


def test_a_proof_is_bound_to_everything_it_is_made_of():
    exchanges = (
        (KEY, MAC, NODE_NONCE, HUB_NONCE),
        (KEY + "!", MAC, NODE_NONCE, HUB_NONCE),
        (KEY, "AA:BB:CC:DD:EE:0E", NODE_NONCE, HUB_NONCE),
        (KEY, MAC, HUB_NONCE, HUB_NONCE),
        (KEY, MAC, NODE_NONCE, NODE_NONCE),
        (KEY, MAC, HUB_NONCE, NODE_NONCE),
    )
    proofs = {proof(*exchange) for exchange in exchanges for proof in (join.hub_proof, join.node_proof)}
    assert len(proofs) == 2 * len(exchanges), "a proof of one exchange or side would pass for another's"


def test_a_proof_is_the_hmac_of_its_lines():
    assert join.hub_proof(KEY, MAC, NODE_NONCE, HUB_NONCE) == HUB_PROOF
    assert join.node_proof(KEY, MAC, NODE_NONCE, HUB_NONCE) == NODE_PROOF


def test_a_nonce_is_new_each_time_and_fits_its_field():
    nonces = [join.new_nonce() for _ in range(20)]
    assert len(set(nonces)) == 20
    proof = join.hub_proof(KEY, MAC, nonces[0], nonces[1])
    text = messages.build("challenge", nonce=nonces[0], proof=proof)
    assert messages.parse(text, messages.HUB) == {"t": "challenge", "nonce": nonces[0], "proof": proof}


def test_comparing():
    assert join.same("", "") and join.same(NODE_NONCE, NODE_NONCE)
    for other in ("", NODE_NONCE[:-1], NODE_NONCE + "0", NODE_NONCE[:-1] + "0", "1" + NODE_NONCE[1:]):
        assert not join.same(NODE_NONCE, other)
