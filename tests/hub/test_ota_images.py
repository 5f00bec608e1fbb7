"""Images and keys, read before they are accepted."""

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lightwave import ed25519
from lightwave_hub.ota import images
from lightwave_hub.ota.errors import ImageError, KeyFileError
from lightwave_hub.ota.signing import load_or_create
from tests.hub.ota_support import app, firmware, for_chip

GOOD = firmware("2.8.0")


def test_a_firmware_image_tells_what_it_is() -> None:
    image = images.read(GOOD)
    assert (image.kind, image.version, image.project) == ("firmware", "2.8.0", "lightwave")
    assert (image.size, image.sha256) == (len(GOOD), hashlib.sha256(GOOD).hexdigest())


def test_an_archive_tells_what_it_is() -> None:
    image = images.read(app())
    assert (image.kind, image.files, image.size) == ("app", 2, len(app()))


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("image", b""),
        ("image", b"MZ" + GOOD),
        ("image", GOOD[:20]),
        ("chip", for_chip(GOOD, 0)),
        ("segments", GOOD[:1] + b"\0" + GOOD[2:]),
        ("segments", GOOD[:1] + b"\x11" + GOOD[2:]),
        ("segments", GOOD[:5000]),
        ("segments", GOOD[:1] + b"\x03" + GOOD[2:]),
        ("description", GOOD[:32] + b"\0" + GOOD[33:]),
        ("checksum", GOOD[:5000] + b"\x01" + GOOD[5001:]),
        ("hash", GOOD[:-1] + bytes([GOOD[-1] ^ 1])),
        ("hash", GOOD[:-1]),
        ("hash", GOOD[:23] + b"\0" + GOOD[24:]),
        ("image", GOOD + b"\0"),
        ("size", firmware(payload=bytes(0x2F0000))),
        ("image", app()[:-1]),
        ("image", app() + b"\0"),
        ("image", app([("lightwave_node/x.mpy", b"")])),
        ("image", app([("lightwave_hw/start.mpy", b"")] * 2)),
    ],
)
def test_a_bad_image_is_refused(field: str, data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        images.read(data)
    assert caught.value.field == field


def test_a_new_key_is_its_owners_alone_and_lasts(tmp_path: Path) -> None:
    path = tmp_path / "ota" / "signing.key"
    key = load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create(path).public == key.public
    assert load_or_create(tmp_path / "other.key").public != key.public


def test_its_signatures_are_what_nodes_check(tmp_path: Path) -> None:
    key = load_or_create(tmp_path / "signing.key")
    signature = key.sign(b"statement")
    assert ed25519.verify(bytes.fromhex(key.public), b"statement", signature)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(signature, b"statement")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(signature, b"another")


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        load_or_create(path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="mode 640"):
        load_or_create(path)
