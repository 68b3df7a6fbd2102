"""A certificate is renewed by the key in force; the answer may be lost; the old one ends."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from authhost.payments.model import Refused
from authhost.payments.parties import Parties
from authhost.phones.desk import OVERLAP, Phones, Proof
from authhost.phones.issuing import Enrolled, read
from authhost.phones.texts import renewal_text, revocation_text
from tests.support.payments import Root, Signer, together
from tests.support.phones import BOSS, Bureau, csr, new_key, proof, request_of
from tests.support.small_orders import ANY_TEXT, POINTS


def renewal(signer: Signer, key: Any, *, phones: Phones | None = None, by: Any = None,
            of: str = "", at: datetime | None = None) -> Any:
    """(phone, request, proof) of a renewal. by: another key that signs; of: another request."""
    asked = csr(key, signer.number)
    request = asked.public_bytes(Encoding.PEM).decode()
    digest = read(of or request, signer.number).digest
    said = proof(by or signer.key, signer.serial,
                 lambda when: renewal_text(signer.number, signer.serial, digest, when), at=at)
    return signer.number, request, said


def renewed(bureau: Bureau, signer: Signer, key: Any, phones: Phones | None = None,
            **more: Any) -> Enrolled:
    """The next certificate."""
    return bureau.rig.run((phones or bureau.phones).renew(*renewal(signer, key, **more)))


def test_a_certificate_is_renewed_and_the_old_one_ends(bureau: Bureau) -> None:
    signer, key = bureau.signer(), new_key()
    fence = bureau.fence(signer.number)
    made = renewed(bureau, signer, key)
    assert bureau.fence(signer.number) == fence + 1
    old, new = bureau.kept(signer.number)
    left = old["not_after"] - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= OVERLAP
    assert (old["reason"], old["revoked_at"], new["reason"]) == ("superseded", None, "")
    assert new["not_after"] == made.not_after
    for phone in (signer, bureau.signs(signer.number, key, made)):
        asked = bureau.shop.ask(phone)
        assert bureau.shop.say(asked, phone.word(asked.shown))["state"] == "SIGNED"
    bureau.rig.sql("UPDATE payer_certificate SET not_after = now() - interval '1 s' "
                   "WHERE serial = $1", signer.serial)
    payer = bureau.rig.run(Parties(bureau.pool, [bureau.authority.certificate])
                           .payer(signer.number))
    assert payer is not None
    assert set(payer.signers) == {made.serial}


def test_who_has_paid_before_pays_with_the_new_key_at_once(bureau: Bureau) -> None:
    signer, key = bureau.signer(), new_key()
    asked = bureau.shop.ask(signer)
    bureau.shop.say(asked, signer.word(asked.shown))  # the host has a view of the payer now
    fresh = bureau.signs(signer.number, key, renewed(bureau, signer, key))
    asked = bureau.shop.ask(fresh)
    assert bureau.shop.say(asked, fresh.word(asked.shown))["state"] == "SIGNED"


def test_a_view_that_is_kept_ends_a_certificate_after_its_week(bureau: Bureau) -> None:
    signer = bureau.signer()
    renewed(bureau, signer, new_key())
    payer = bureau.rig.run(bureau.shop.payments.parties.payer(signer.number))
    assert payer is not None
    assert payer.signers[signer.serial].objection(
        datetime.now(UTC) + OVERLAP + timedelta(minutes=1)) == "expired"


def test_a_lost_answer_is_had_again(bureau: Bureau) -> None:
    signer, key = bureau.signer(), new_key()
    first = renewed(bureau, signer, key)
    fence = bureau.fence(signer.number)
    assert renewed(bureau, signer, key) == first
    later = bureau.later(timedelta(days=30))  # the old one has ended meanwhile
    assert renewed(bureau, signer, key, later, at=later._clock.now()) == first
    assert (len(bureau.kept(signer.number)), bureau.fence(signer.number)) == (2, fence)
    bureau.rig.run(bureau.phones.revoke(BOSS, first.serial, "key_compromise"))
    with pytest.raises(Refused, match="make a new one"):  # what was revoked is not had again
        renewed(bureau, signer, key)


def test_one_renewal_asked_many_times_at_once(bureau: Bureau) -> None:
    signer, key = bureau.signer(), new_key()
    found = bureau.rig.run(together(*(
        bureau.phones.renew(*renewal(signer, key)) for _ in range(6))))
    assert len({one.serial for one in found}) == 1
    assert len(bureau.kept(signer.number)) == 2


def test_an_expired_certificate_renews_nothing(bureau: Bureau) -> None:
    signer = bureau.signer()
    later = bureau.later(timedelta(days=731))
    with pytest.raises(Refused, match="expired"):
        renewed(bureau, signer, new_key(), later, at=later._clock.now())
    made = renewed(bureau, signer, new_key())
    week = bureau.later(OVERLAP + timedelta(seconds=5))  # superseded, and its week is over
    with pytest.raises(Refused, match="expired"):
        renewed(bureau, signer, new_key(), week, at=week._clock.now())
    assert [row["serial"] for row in bureau.kept(signer.number)] == [signer.serial, made.serial]


def test_a_revoked_certificate_renews_nothing(bureau: Bureau) -> None:
    signer, key = bureau.signer(), new_key()
    renewed(bureau, signer, key)
    bureau.rig.run(bureau.phones.revoke(BOSS, signer.serial, "key_compromise"))
    for one in (new_key(), key):  # nor does it say what was made before
        with pytest.raises(Refused, match="revoked"):
            renewed(bureau, signer, one)
    assert len(bureau.kept(signer.number)) == 2


def test_a_renewal_that_proves_nothing(bureau: Bureau) -> None:
    mine, other = bureau.signer(), bureau.signer()
    key = new_key()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"by": other.key}, "signature"), ({"of": request_of(new_key(), mine.number)}, "signature"),
        ({"at": datetime.now(UTC) - timedelta(minutes=6)}, "signed_at"),
        ({"at": datetime.now(UTC) + timedelta(minutes=6)}, "signed_at")]
    for more, where in cases:
        with pytest.raises(Refused) as found:
            renewed(bureau, mine, key, **more)
        assert (found.value.status, found.value.where) == (403, where)
    number, request, said = renewal(other, key)
    with pytest.raises(Refused, match="common name"):
        bureau.rig.run(bureau.phones.renew(mine.number, request, said))
    with pytest.raises(Refused, match="unknown"):
        bureau.rig.run(bureau.phones.renew(mine.number, request_of(key, mine.number), said))
    with pytest.raises(Refused, match="unknown"):
        bureau.rig.run(bureau.phones.renew("+38640999999", request_of(key, "+38640999999"), said))
    assert number == other.number
    assert len(bureau.kept(mine.number)) == len(bureau.kept(other.number)) == 1


@pytest.mark.parametrize("key", [
    ec.generate_private_key(ec.SECP384R1()).public_key(),
    ed25519.Ed25519PublicKey.from_public_bytes(POINTS[0])])
def test_a_row_with_a_key_that_is_none_proves_nothing(bureau: Bureau, key: Any) -> None:
    signer = bureau.signer()
    der = Root().issue(signer.number, key).public_bytes(Encoding.DER)
    bureau.rig.sql("UPDATE payer_certificate SET certificate = $2 WHERE serial = $1",
                   signer.serial, der)
    said = Proof(signer.serial, datetime.now(UTC).isoformat(timespec="seconds"),
                 base64.b64encode(ANY_TEXT).decode())
    with pytest.raises(Refused, match="nothing may be signed"):
        bureau.rig.run(bureau.phones.revoke_own(signer.number, said))


def test_a_signature_is_good_for_one_thing(bureau: Bureau) -> None:
    signer = bureau.signer()
    _, _, said = renewal(signer, new_key())
    with pytest.raises(Refused, match="not this certificate's"):
        bureau.rig.run(bureau.phones.revoke_own(signer.number, said))
    other = proof(signer.key, signer.serial,
                  lambda at: revocation_text(signer.number, signer.serial, at))
    with pytest.raises(Refused, match="not this certificate's"):
        bureau.rig.run(bureau.phones.unsubscribe(signer.number, other))


def test_the_key_in_force_is_not_renewed_by_itself(bureau: Bureau) -> None:
    signer = bureau.signer()
    with pytest.raises(Refused, match="make a new one") as found:
        renewed(bureau, signer, signer.key)
    assert (found.value.status, found.value.where) == (409, "request")


def test_who_is_blocked_renews_nothing(bureau: Bureau) -> None:
    signer = bureau.signer()
    bureau.rig.run(bureau.phones.block(BOSS, signer.number))
    with pytest.raises(Refused, match="blocked"):
        renewed(bureau, signer, new_key())
    assert len(bureau.kept(signer.number)) == 1


def test_without_an_authority_nothing_is_signed(bureau: Bureau) -> None:
    signer = bureau.signer()
    bare = Phones(bureau.pool, None, bureau.rig.settings.clock, b"s" * 32)
    with pytest.raises(Refused, match="no certificates"):
        renewed(bureau, signer, new_key(), bare)
