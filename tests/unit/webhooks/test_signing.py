"""Signatures and pauses of webhooks."""

from __future__ import annotations

import base64

import pytest

from authhost.webhooks import bounds
from authhost.webhooks.pauses import Tried, verdict
from authhost.webhooks.signing import secret_text, signatures

# The example that the specification's own libraries are tested with.
SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
EXAMPLE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification() -> None:
    assert signatures([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330,
                      b'{"test": 2432232314}') == EXAMPLE
    assert secret_text(SECRET) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_each_key_signs() -> None:
    both = signatures([SECRET, bytes(32)], "wh_1", 1, b"{}").split(" ")
    assert both == [signatures([one], "wh_1", 1, b"{}") for one in (SECRET, bytes(32))]
    assert len(set(both)) == 2


def test_an_id_has_no_dot() -> None:
    with pytest.raises(AssertionError):
        signatures([SECRET], "wh.1", 1, b"{}")


@pytest.mark.parametrize(("tried", "state"), [
    (Tried(200, "200"), "told"), (Tried(299, "299"), "told"), (Tried(301, "301"), "waiting"),
    (Tried(410, "410"), "dead"), (Tried(404, "404"), "waiting"), (Tried(0, "no"), "waiting"),
    (Tried(0, "no", final=True), "dead")])
def test_what_a_try_makes_of_it(tried: Tried, state: str) -> None:
    assert verdict(tried, 1, 500).state == state


def test_pauses_grow_and_are_spread_and_end() -> None:
    least, middle, most = ([verdict(Tried(500, "500"), tries, permille).pause_ms
                            for tries in range(1, len(bounds.PAUSES_S) + 1)]
                           for permille in (0, 500, 999))
    assert middle == [pause * 1_000 for pause in bounds.PAUSES_S] == sorted(middle)
    assert all(low == mid * 9 // 10 for low, mid in zip(least, middle, strict=True))
    assert all(mid < high < mid * 11 / 10 for mid, high in zip(middle, most, strict=True))
    assert verdict(Tried(500, "500"), len(bounds.PAUSES_S) + 1, 0).state == "dead"
    assert verdict(Tried(503, "503", 60), 1, 0).pause_ms == 60_000
    assert verdict(Tried(503, "503", 1), 1, 500).pause_ms == 5_000
