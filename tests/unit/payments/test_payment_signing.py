"""What is signed, by which keys and at what time: each text, key and time that proves nothing."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from authhost.certificates.requests import has_small_order
from authhost.payments.signing import objection, usable
from tests.support.payments import Root
from tests.support.small_orders import ANY_TEXT, FIELD, POINTS, doubled

NOW = datetime(2026, 7, 23, 10, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def said_of(signed_at: str) -> str:
    """What speaks against a signature over a text with this time, by the right key."""
    text = f"authhost revocation v1\n+38640123456\nab\n{signed_at}".encode()
    signature = base64.b64encode(KEY.sign(text, ec.ECDSA(hashes.SHA256()))).decode()
    return objection(KEY.public_key(), text, signature, signed_at, NOW)


@pytest.mark.parametrize("signed_at", [
    "2026-07-23T10:00:00Z", "2026-07-23T10:00:00+00:00", "2026-07-23T12:04:59+02:00",
    "2026-07-23T09:55:00.5Z", "2026-07-23T00:00:00.123456-10:00"])
def test_a_time_is_of_one_form(signed_at: str) -> None:
    assert said_of(signed_at) == ""


@pytest.mark.parametrize("signed_at", [
    "", "now", "2026-07-23", "2026-07-23T10:00:00", "2026-07-23T10:00Z", "20260723T100000Z",
    "2026-07-23T10:00:00z", "2026-07-23T10:00:00Z\n", "2026-07-23T10:00:00+00:00:01",
    "2026-07-23T10:00:00.1234567Z", "2026-07-23T10:00:00.Z", "2026-07-23T10:00:00,5Z",
    "2026-07-23T10:00:00+0000", "2026-02-30T10:00:00Z", "2026-W30-4T10:00:00Z",
    *(f"2026-07-23{sign}10:00:00Z" for sign in " \0\n\r\t\u2028\u202e"),
    "\u0662\u0660\u0662\u0666-07-23T10:00:00Z"])
def test_no_other_time_is_signed(signed_at: str) -> None:
    assert said_of(signed_at) == "signed_at"


@pytest.mark.parametrize("signed_at", [
    "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59+23:59", "2026-07-23T09:54:59Z", "2026-07-23T10:05:01Z"])
def test_a_time_far_from_now_is_no_time(signed_at: str) -> None:
    assert said_of(signed_at) == "signed_at"


def test_the_points_are_all_of_them_and_of_small_order() -> None:
    assert len(POINTS) == 14
    for point in POINTS:
        y = int.from_bytes(point, "little") % 2**255 % FIELD
        for _ in range(3):
            y = doubled(y)
        assert y == 1


@pytest.mark.parametrize("point", POINTS, ids=bytes.hex)
def test_a_key_of_small_order_signs_nothing(point: bytes) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(point)
    assert has_small_order(key)
    certificate = Root().issue("+38640123456", key)
    assert usable(certificate) == (None, "key")


def test_of_such_a_key_one_constant_is_a_signature_over_every_text() -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(POINTS[0])
    key.verify(ANY_TEXT, b"one euro")
    key.verify(ANY_TEXT, b"a million")


def test_other_keys_are_good() -> None:
    for _ in range(50):
        key = ed25519.Ed25519PrivateKey.generate().public_key()
        assert not has_small_order(key)
    certificate = Root().issue("+38640123456", key)
    assert usable(certificate) == (key, "")
    assert usable(Root().issue("+38640123456", KEY.public_key())) == (KEY.public_key(), "")
    wide = ec.generate_private_key(ec.SECP384R1()).public_key()
    assert usable(Root().issue("+38640123456", wide)) == (None, "key")
    plain = Root().issue("+38640123456", KEY.public_key(), commits=False)
    assert usable(plain) == (KEY.public_key(), "usage")
    assert isinstance(plain, x509.Certificate)


def test_a_signature_is_this_keys_over_this_text() -> None:
    at = NOW.isoformat()
    key = ed25519.Ed25519PrivateKey.generate()
    good = base64.b64encode(key.sign(b"text")).decode()
    assert objection(key.public_key(), b"text", good, at, NOW) == ""
    assert objection(key.public_key(), b"test", good, at, NOW) == "signature"
    assert objection(KEY.public_key(), b"text", good, at, NOW) == "signature"
    assert objection(key.public_key(), b"text", good, at, NOW + timedelta(hours=1)) == "signed_at"
    for nonsense in ("", "%", "AAAA", "A" * 1_000, "\0", "ž"):
        assert objection(key.public_key(), b"text", nonsense, at, NOW) == "signature"
