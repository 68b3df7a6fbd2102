"""Session keys: what a key change brings, what is refused, and MACs that both ends agree on."""

from __future__ import annotations

import hmac

import pytest
from known_keys import TAK, TMK, TPK, answer, block

import iso
from hsm_sim.crypto.mac import cmac, iso9797_3
from iso import Message
from iso.security import key_change_text, mac_of, read_control
from terminals.session_keys import BadKeys, SessionKeys, is_sealed, sealed

SALE = Message("1200", {3: "000000", 4: "000000000100", 11: "000001", 41: "T0101   "})


@pytest.mark.parametrize(("algorithm", "mac"), [
    ("T", lambda data: iso9797_3(TAK, data, 1)), ("A", lambda data: cmac("A", TAK, data)[:8])])
def test_keys_that_came_make_macs(algorithm: str, mac) -> None:  # type: ignore[no-untyped-def]
    keys = SessionKeys(TMK, "A" if algorithm == "A" else "T")
    assert not keys.ready
    assert keys.load(answer(3, algorithm=algorithm)) == 3
    assert (keys.ready, keys.pin_key()) == (True, TPK)
    assert keys.sealing().mac(b"some data") == mac(b"some data")
    assert TAK.hex() not in f"{keys!r}{keys.sealing()!r}"


@pytest.mark.parametrize("text", [
    "", "0002", answer(2, tmk=TPK), answer(2, algorithm="A"), answer(1),
    key_change_text(2, block("P0", TPK)), key_change_text(2, block("M3", TAK)),
    answer(2)[:-1] + "0", answer(2)[:-4]])
def test_keys_that_are_none_leave_the_old_ones(text: str) -> None:
    keys = SessionKeys(TMK)
    keys.load(answer(1))
    with pytest.raises(BadKeys):
        keys.load(text)
    assert (keys.generation, keys.pin_key()) == (1, TPK)


def test_no_keys_yet() -> None:
    for use in (SessionKeys(TMK).sealing, SessionKeys(TMK).pin_key):
        with pytest.raises(BadKeys):
            use()


@pytest.mark.parametrize("name", ["ifsf", "iso87"])
@pytest.mark.parametrize("more", [{}, {70: "301"}])
def test_a_sealed_message_names_its_key_and_ends_with_its_mac(
        name: str, more: dict[int, str | bytes]) -> None:
    profile = iso.get(name)
    keys = SessionKeys(TMK)
    keys.load(answer(12))
    message = Message(profile.version + "200", SALE.fields | more)
    made = sealed(profile.security, profile.codec, message, keys.sealing())
    body = profile.codec.encode(made)
    control = read_control(profile.security, profile.codec.decode(body).fields)
    assert (control.mac_scheme, control.mac_generation) == ("terminal", 12)
    mac = mac_of(made) or b""
    assert hmac.compare_digest(mac, iso9797_3(TAK, body[:-8], 1))
    assert body.endswith(mac)
    assert is_sealed(profile.codec, body, keys.sealing())
    changed = body.replace(b"000001", b"000002")
    assert not is_sealed(profile.codec, changed, keys.sealing())
    assert not is_sealed(profile.codec, profile.codec.encode(message), keys.sealing())
