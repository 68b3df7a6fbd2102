"""A payer's phone is enrolled, blocked and revoked, on real servers; each bad enrolment refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from authhost.admin.access import Actor, Role
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Unknown
from authhost.payments.life import State
from authhost.payments.model import Refused
from authhost.phones.codes import MOST_TRIES
from authhost.phones.texts import revocation_text
from tests.support.payments import Signer, together
from tests.support.phones import BOSS, Bureau, new_key, proof, request_of, unproved
from tests.support.small_orders import POINTS, request_of_point


def refused(bureau: Bureau, number: str, code: str, request: str) -> Refused:
    """Why an enrolment is not done; nothing of it is stored."""
    before = bureau.fence(number)
    with pytest.raises(Refused) as found:
        bureau.rig.run(bureau.phones.enrol(number, code, request))
    assert bureau.kept(number) == []
    assert bureau.fence(number) == before
    return found.value


def tried(bureau: Bureau, number: str, wrong: list[str], request: str) -> list[str]:
    """What wrong codes hear that are tried at once."""
    found = bureau.rig.run(together(*(bureau.phones.enrol(number, code, request)
                                      for code in wrong)))
    assert all(isinstance(one, Refused) and one.where == "code" for one in found)
    return [str(one) for one in found]


def test_a_phone_is_enrolled_and_pays(bureau: Bureau) -> None:
    number, key = bureau.payer(), new_key()
    fence, code = bureau.fence(number), bureau.code(number)
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{10}", code)
    typed = f" {code[:5]}-{code[5:]} ".lower().replace("1", "l").replace("0", "o")
    made = bureau.rig.run(bureau.phones.enrol(number, typed, request_of(key, number)))
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(made.chain.encode()))
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) \
        == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert made.not_after - made.not_before >= timedelta(days=730)
    assert bureau.fence(number) == fence + 1
    assert bureau.audited(f"payer-certificate/{made.serial}") == [
        (number, f"certificate {made.serial} of {number}: enrolled")]
    signer = bureau.signs(number, key, made)
    asked = bureau.shop.ask(signer)
    assert bureau.shop.say(asked, signer.word(asked.shown))["state"] == "SIGNED"


def test_an_ed25519_key_is_taken_too(bureau: Bureau) -> None:
    number = bureau.payer()
    code = bureau.code(number)
    request = request_of(ed25519.Ed25519PrivateKey.generate(), number, hashed=False)
    made = bureau.rig.run(bureau.phones.enrol(number, code, request))
    assert [row["serial"] for row in bureau.kept(number)] == [made.serial]


def test_a_key_of_small_order_is_not_taken(bureau: Bureau) -> None:
    number = bureau.payer()
    code = bureau.code(number)
    for point in POINTS:
        found = refused(bureau, number, code, request_of_point(point, number))
        assert (found.status, found.where) == (422, "request")
    assert "small order" in found.why


def test_a_dear_key_is_refused_before_its_signature_is_verified(bureau: Bureau) -> None:
    number = bureau.payer()
    for key in (dsa.generate_private_key(1024), rsa.generate_private_key(65_537, 2048),
                ec.generate_private_key(ec.SECP384R1())):
        found = refused(bureau, number, bureau.code(number), unproved(number, key))
        assert (found.status, found.why) == (422, "a phone's key is of P-256 or Ed25519")


def test_a_hundred_wrong_codes_end_the_code(bureau: Bureau) -> None:
    number = bureau.payer()
    code, request = bureau.code(number), request_of(new_key(), number)
    wrong = ("0" if code[0] != "0" else "2") + code[1:]
    said = tried(bureau, number, [wrong] * (MOST_TRIES - 1), request)
    assert len(set(said)) == 1
    # 99 are not a hundred.
    assert bureau.rig.run(bureau.phones.enrol(number, code, request)).phone == number
    other = bureau.payer()
    code, request = bureau.code(other), request_of(new_key(), other)
    tried(bureau, other, ["", "0", "ÄÖÜ", "0" * 10, "U" * 10] * (MOST_TRIES // 5), request)
    assert "wrong tries" in refused(bureau, other, code, request).why
    code = bureau.code(other)
    assert bureau.rig.run(bureau.phones.enrol(other, code, request)).phone == other


def test_wrong_codes_at_once_are_each_counted(bureau: Bureau) -> None:
    number = bureau.payer()
    code, request = bureau.code(number), request_of(new_key(), number)
    assert tried(bureau, number, ["0" * 10] * 8, request)
    shown = bureau.rig.run(bureau.phones.read(BOSS, number))
    assert shown["code_tries"] == 8
    assert bureau.rig.run(bureau.phones.enrol(number, code, request)).phone == number


def test_a_code_ends_by_itself_and_by_a_newer_one(bureau: Bureau) -> None:
    number = bureau.payer()
    request = request_of(new_key(), number)
    first = bureau.code(number)
    second = bureau.code(number)
    assert "not this phone's" in refused(bureau, number, first, request).why
    tomorrow = bureau.later(timedelta(hours=24, seconds=1))
    with pytest.raises(Refused, match="is over"):
        bureau.rig.run(tomorrow.enrol(number, second, request))
    assert bureau.kept(number) == []
    tonight = bureau.later(timedelta(hours=23, minutes=59))
    assert bureau.rig.run(tonight.enrol(number, second, request)).phone == number


def test_a_code_is_good_once_and_a_lost_answer_is_had_again(bureau: Bureau) -> None:
    number, key = bureau.payer(), new_key()
    code = bureau.code(number)
    first = bureau.rig.run(bureau.phones.enrol(number, code, request_of(key, number)))
    fence = bureau.fence(number)
    again = bureau.rig.run(bureau.phones.enrol(number, code, request_of(key, number)))
    assert again == first
    assert bureau.fence(number) == fence
    with pytest.raises(Refused, match="was used"):
        bureau.rig.run(bureau.phones.enrol(number, code, request_of(new_key(), number)))
    with pytest.raises(Refused, match="not this phone's"):
        bureau.rig.run(bureau.phones.enrol(number, "0" * 10, request_of(key, number)))
    assert len(bureau.kept(number)) == 1
    bureau.rig.run(bureau.phones.revoke(BOSS, first.serial, "key_compromise"))
    with pytest.raises(Refused, match="was used"):  # what was revoked is not had again
        bureau.rig.run(bureau.phones.enrol(number, code, request_of(key, number)))


@pytest.mark.parametrize(("request_for", "why"), [
    (lambda number: request_of(new_key(), "+38640999999"), "common name"),
    (lambda number: request_of(new_key(), number, "+38640999999"), "common name"),
    (lambda number: request_of(new_key()), "common name"),
    (lambda number: request_of(rsa.generate_private_key(65_537, 2_048), number), "P-256"),
    (lambda number: request_of(ec.generate_private_key(ec.SECP384R1()), number), "P-256"),
    (lambda number: request_of(ec.generate_private_key(ec.SECP256K1()), number), "key"),
    (unproved, "not signed with the key"),
    (lambda number: "", "can be read"),
    (lambda number: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
                    "-----END CERTIFICATE REQUEST-----\n", "can be read"),
    (lambda number: "\0" * 100, "can be read")],
    ids=["foreign", "two names", "no name", "rsa", "p384", "k1", "unproved",
         "empty", "garbage", "nul"])
def test_a_request_that_is_not_taken(bureau: Bureau, request_for: Callable[[str], str],
                                      why: str) -> None:
    number = bureau.payer()
    found = refused(bureau, number, bureau.code(number), request_for(number))
    assert (found.status, found.where) == (422, "request")
    assert why in found.why


def test_a_key_is_one_payers_once(bureau: Bureau) -> None:
    key = new_key()
    first, second = bureau.payer(), bureau.payer()
    made = bureau.enrol(first, key)
    code = bureau.code(second)
    found = refused(bureau, second, code, request_of(key, second))
    assert (found.status, found.where) == (409, "request")
    # The code is not spent by it.
    assert bureau.rig.run(bureau.phones.enrol(second, code, request_of(new_key(), second)))
    bureau.rig.run(bureau.phones.revoke(BOSS, made.serial, "key_compromise"))
    with pytest.raises(Refused, match="make a new one"):
        bureau.enrol(first, key)


def test_one_key_of_two_payers_at_once(bureau: Bureau) -> None:
    for _ in range(5):
        key = new_key()
        numbers = [bureau.payer() for _ in range(2)]
        given = {number: bureau.code(number) for number in numbers}
        found = bureau.rig.run(together(*(
            bureau.phones.enrol(number, code, request_of(key, number))
            for number, code in given.items())))
        assert sorted(isinstance(one, Refused) for one in found) == [False, True], found
        assert sum(len(bureau.kept(number)) for number in numbers) == 1


def test_a_payer_has_three_certificates_at_most(bureau: Bureau) -> None:
    number = bureau.payer()
    made = [bureau.enrol(number, new_key()) for _ in range(3)]
    code, request = bureau.code(number), request_of(new_key(), number)
    with pytest.raises(Refused, match="3 are in force"):
        bureau.rig.run(bureau.phones.enrol(number, code, request))
    bureau.rig.run(bureau.phones.revoke(BOSS, made[0].serial, "superseded"))
    assert bureau.rig.run(bureau.phones.enrol(number, code, request)).phone == number


def test_who_is_blocked_neither_enrols_nor_pays(bureau: Bureau) -> None:
    signer = bureau.signer()
    asked = bureau.shop.ask(signer)
    code = bureau.code(signer.number)
    fence = bureau.fence(signer.number)
    row = bureau.rig.run(bureau.phones.block(BOSS, signer.number))
    assert (row["status"], bureau.fence(signer.number)) == ("blocked", fence + 1)
    assert bureau.rig.run(bureau.phones.block(BOSS, signer.number))["status"] == "blocked"
    assert bureau.fence(signer.number) == fence + 1
    with pytest.raises(Refused, match="is blocked"):
        bureau.rig.run(bureau.phones.enrol(signer.number, code,
                                           request_of(new_key(), signer.number)))
    with pytest.raises(Conflict):
        bureau.code(signer.number)
    assert bureau.shop.say(asked, signer.word(asked.shown))["state"] == "DECLINED"
    assert bureau.shop.now(asked).now.reason == "payer_blocked"
    bureau.rig.run(bureau.phones.unblock(BOSS, signer.number))
    second = bureau.shop.ask(signer)
    assert bureau.shop.say(second, signer.word(second.shown))["state"] == "SIGNED"


@pytest.mark.parametrize("by", ["bank", "phone"])
def test_a_revoked_certificate_approves_nothing_in_flight(bureau: Bureau, by: str) -> None:
    signer = bureau.signer()
    first, asked = bureau.shop.ask(signer), bureau.shop.ask(signer)
    bureau.shop.say(first, signer.word(first.shown))  # the host knows the certificate now
    if by == "bank":
        row = bureau.rig.run(bureau.phones.revoke(BOSS, signer.serial, "key_compromise"))
        assert [one["reason"] for one in row["certificates"]] == ["key_compromise"]
    else:
        give_up(bureau, signer)
        give_up(bureau, signer)  # the answer was lost
    with pytest.raises(Refused, match="revoked"):
        bureau.shop.say(asked, signer.word(asked.shown))
    assert bureau.shop.now(asked).now.state is State.CREATED
    assert bureau.rig.taken(signer.account_id) == (1_250, 0, 1)
    with pytest.raises(Conflict):
        bureau.rig.run(bureau.phones.revoke(BOSS, signer.serial, "superseded"))
    assert len(bureau.audited(f"payer-certificate/{signer.serial}")) == 2


def give_up(bureau: Bureau, signer: Signer) -> None:
    """The phone revokes its own."""
    said = proof(signer.key, signer.serial,
                 lambda at: revocation_text(signer.number, signer.serial, at))
    bureau.rig.run(bureau.phones.revoke_own(signer.number, said))


def test_words_and_a_revocation_at_once(bureau: Bureau) -> None:
    """Each word was before the revocation or is refused; none is after it."""
    for _ in range(5):
        signer = bureau.signer()
        asked = [bureau.shop.ask(signer) for _ in range(6)]
        found = bureau.rig.run(together(
            *(bureau.shop.payments.word(one.payment_id, signer.word(one.shown))
              for one in asked[:3]),
            bureau.phones.revoke(BOSS, signer.serial, "key_compromise"),
            *(bureau.shop.payments.word(one.payment_id, signer.word(one.shown))
              for one in asked[3:])))
        del found[3]
        [revoked] = bureau.rig.sql("SELECT revoked_at FROM payer_certificate WHERE serial = $1",
                                   signer.serial)
        for one, said in zip(asked, found, strict=True):
            signed = bureau.shop.now(one).now.state is State.SIGNED
            assert signed is not isinstance(said, Refused), said
        last = bureau.shop.ask(signer)
        with pytest.raises(Refused, match="revoked"):
            bureau.shop.say(last, signer.word(last.shown))
        assert revoked["revoked_at"] is not None


def test_the_banks_people(bureau: Bureau) -> None:
    run, phones = bureau.rig.run, bureau.phones
    number = bureau.payer()
    account = bureau.account(number)
    fleet = bureau.rig.portfolio.account("fleet")
    with pytest.raises(Invalid, match="payer"):
        run(phones.add_payer(BOSS, "+38640777777", fleet, "Ana"))
    with pytest.raises(Conflict):
        run(phones.add_payer(BOSS, number, account, "Ana"))
    for work in (phones.open_code, phones.block, phones.unblock, phones.read):
        with pytest.raises(Unknown):
            run(work(BOSS, "+38640777777"))
        with pytest.raises(Forbidden):
            run(work(Actor("Eve", Role.FLEET, 5, account_id=account), number))
    with pytest.raises(Unknown):
        run(phones.revoke(BOSS, "abc", "superseded"))
    with pytest.raises(Invalid):
        run(phones.revoke(BOSS, "abc", "because"))
    bureau.code(number)
    shown = run(phones.read(Actor("Ann", Role.ANALYST, 6), number))
    assert (shown["status"], shown["certificates"], shown["code_tries"]) == ("active", [], 0)
    assert shown["code_until"] is not None
    assert "code_hash" not in shown
