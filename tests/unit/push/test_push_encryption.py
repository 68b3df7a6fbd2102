"""Messages to phones: the example of RFC 8291, section 5, and what a browser makes of ours."""

from __future__ import annotations

import json
import secrets

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.push import bounds
from authhost.push.encryption import encrypted
from authhost.push.subscription import Wrong, read_subscription
from tests.support.push_server import Browser, decrypted, raw, text

# RFC 8291, section 5 and appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = ("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
                   "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = ("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
           "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
           "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")


def key_of(number: str) -> ec.EllipticCurvePrivateKey:
    """A private key of its number."""
    return ec.derive_private_key(int.from_bytes(raw(number), "big"), ec.SECP256R1())


def told(**more: str) -> str:
    """A subscription, that of the RFC where nothing else is said."""
    return json.dumps({"endpoint": "https://push.example/push/1", "p256dh": RECEIVER_PUBLIC,
                       "auth": AUTH, **more})


def test_the_example_of_the_standard() -> None:
    to = read_subscription(told())
    assert text(encrypted(PLAIN, to, key_of(SENDER), raw(SALT))) == MESSAGE
    assert decrypted(raw(MESSAGE), key_of(RECEIVER), raw(AUTH)) == PLAIN


@pytest.mark.parametrize("size", [0, 1, 100, bounds.PAYLOAD_BYTES])
def test_a_browser_reads_what_was_sent_and_nobody_else(size: int) -> None:
    browser, other = (Browser("https://push.example", "") for _ in range(2))
    payload = secrets.token_bytes(size)
    body = encrypted(payload, read_subscription(browser.told),
                     ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))
    assert browser.read(body) == payload
    assert len(body) <= 4_096
    with pytest.raises(InvalidTag):
        other.read(body)


def test_a_payload_that_is_no_one_record_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        encrypted(bytes(bounds.PAYLOAD_BYTES + 1), read_subscription(told()), key_of(SENDER),
                  raw(SALT))


@pytest.mark.parametrize(("more", "where"), [
    ({"endpoint": "http://push.example/1"}, "endpoint"),
    ({"endpoint": "https://10.0.0.1/1"}, "endpoint"), ({"p256dh": AUTH}, "p256dh"),
    ({"p256dh": "****"}, "p256dh"), ({"p256dh": text(b"\x04" + bytes(64))}, "p256dh"),
    ({"p256dh": text(b"\x02" + raw(RECEIVER_PUBLIC)[1:33])}, "p256dh"),
    ({"auth": SENDER}, "auth"), ({"auth": "é"}, "auth")])
def test_a_subscription_that_is_none_says_where(more: dict[str, str], where: str) -> None:
    with pytest.raises(Wrong) as wrong:
        read_subscription(told(**more))
    assert wrong.value.where == where


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"endpoint": 1}', "x" * 5_000])
def test_what_is_not_even_like_one(body: str) -> None:
    with pytest.raises(Wrong):
        read_subscription(body)


def test_padding_of_the_keys_may_be_there() -> None:
    assert read_subscription(told(auth=AUTH + "==")) == read_subscription(told())
