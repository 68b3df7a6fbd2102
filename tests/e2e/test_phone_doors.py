"""The routes of enrolment over a real door: bodies, refusals, subscriptions, the bank's people."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authhost.admin.access import Role, operator
from authhost.admin.keyring import NewAccess
from authhost.even import EVEN_S
from authhost.phones.issuing import read
from authhost.phones.texts import push_text, renewal_text, revocation_text
from tests.support.payments import Signer
from tests.support.phones import Bureau, new_key, proof, request_of

FAR = datetime(2099, 1, 1, tzinfo=UTC)
ENDPOINT = "https://push.example.com/send/abc?x=1"


@pytest.fixture(scope="module")
def token(bureau: Bureau) -> str:
    wanted = NewAccess(name="boss", role=Role.ADMINISTRATOR, expires_at=FAR)
    return str(bureau.rig.run(bureau.keyring.add(operator("test"), wanted))[1])


def subscription() -> tuple[str, str]:
    """(p256dh, auth) of a receiver."""
    point = new_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return tuple(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()  # type: ignore[return-value]
                 for raw in (point, b"a" * 16))


def pushed(bureau: Bureau, signer: Signer, endpoint: str, p256dh: str, auth: str) -> Any:
    """The answer to a subscription."""
    said = proof(signer.key, signer.serial, lambda at: push_text(
        signer.number, endpoint, p256dh, auth, signer.serial, at))
    return bureau.send("PUT", f"/v1/phones/{signer.number}/push", {
        "endpoint": endpoint, "p256dh": p256dh, "auth": auth, **msgspec.structs.asdict(said)})


def stored(bureau: Bureau, signer: Signer) -> Any:
    """Where it is told, as the database has it."""
    return bureau.rig.sql("SELECT push FROM payer WHERE phone = $1", signer.number)[0]["push"]


def test_from_the_bank_to_a_revocation(bureau: Bureau, token: str) -> None:
    account = bureau.rig.portfolio.account("payer")
    body = {"phone": "040 555 123", "account_id": account, "name": "Ana"}
    answer = bureau.send("POST", "/v1/admin/payers", body, token)
    assert (answer.status_code, answer.json()["phone"]) == (201, "+38640555123")
    assert answer.headers["location"] == "/v1/admin/payers/+38640555123"
    assert bureau.send("POST", "/v1/admin/payers", body, token).status_code == 409
    path = "/v1/admin/payers/+386%2040%20555%20123"
    answer = bureau.send("POST", f"{path}/codes", token=token)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    key, number = new_key(), "+38640555123"
    answer = bureau.send("POST", "/v1/phones/enrolments", {
        "phone": "00386 (0)40 555-123", "code": answer.json()["code"],
        "request": request_of(key, number)})
    assert answer.status_code == 201, answer.text
    serial = answer.json()["serial"]
    assert answer.json()["chain"].startswith("-----BEGIN CERTIFICATE")
    fresh = request_of(new_key(), number)
    said = proof(key, serial, lambda at: renewal_text(number, serial, read(fresh, number).digest,
                                                      at))
    answer = bureau.send("POST", f"/v1/phones/{number}/certificates", {
        "request": fresh, **msgspec.structs.asdict(said)})
    assert answer.status_code == 201, answer.text
    said = proof(key, serial, lambda at: revocation_text(number, serial, at))
    answer = bureau.send("POST", f"/v1/phones/{number}/certificates/{serial}/revocation",
                         {"signed_at": said.signed_at, "signature": said.signature})
    assert (answer.status_code, answer.content) == (204, b"")
    shown = bureau.send("GET", path, token=token).json()
    assert [one["reason"] for one in shown["certificates"]] == ["", "cessation_of_operation"]
    newest = shown["certificates"][0]["serial"]
    answer = bureau.send("POST", f"/v1/admin/payer-certificates/{newest}/revocation",
                         {"reason": "privilege_withdrawn"}, token)
    assert answer.json()["certificates"][0]["revoked_at"] is not None
    for action, status in (("block", "blocked"), ("unblock", "active")):
        answer = bureau.send("POST", f"{path}/{action}", token=token)
        assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_the_offices_routes_want_somebody(bureau: Bureau) -> None:
    for method, path in (("POST", "/payers"), ("GET", "/payers/+38640555123"),
                         ("POST", "/payers/+38640555123/codes"),
                         ("POST", "/payers/+38640555123/block"),
                         ("POST", "/payer-certificates/ab/revocation")):
        assert bureau.send(method, f"/v1/admin{path}", {}).status_code == 401, path


@pytest.mark.parametrize(("more", "where"), [
    ({"phone": "12"}, "phone"), ({"phone": "+386" + "1" * 70}, "phone"),
    ({"phone": "+386\x0040555123"}, "phone"), ({"phone": "555 SHOES"}, "phone"),
    ({"code": ""}, "code"), ({"code": "A" * 33}, "code"), ({"code": 5}, "code"),
    ({"request": "x" * 20_000}, "request"), ({"request": "garbage"}, "request"),
    ({"pin": "1234"}, "")])
def test_a_bad_enrolment_is_a_clear_problem(bureau: Bureau, more: dict[str, Any],
                                            where: str) -> None:
    body = {"phone": "+38640555999", "code": "0" * 10, "request": request_of(
        new_key(), "+38640555999")} | more
    answer = bureau.send("POST", "/v1/phones/enrolments", body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().get("where", "") == where


def test_who_is_no_payer_hears_what_a_wrong_code_hears(bureau: Bureau) -> None:
    number = bureau.payer()
    bureau.code(number)
    heard = []
    for one in (number, "+38640555998"):
        request = request_of(new_key(), one)
        began = time.monotonic()
        answer = bureau.send("POST", "/v1/phones/enrolments", {
            "phone": one, "code": "0" * 10, "request": request})
        assert time.monotonic() - began >= EVEN_S
        heard.append((answer.status_code, answer.json()))
    assert heard[0] == heard[1]
    assert heard[0][0] == 403
    found = bureau.rig.sql("SELECT what FROM audit WHERE subject = $1",
                           "POST /v1/phones/enrolments")
    assert [row["what"] for row in found] == ["refused: 403 code"]


def test_where_a_phone_is_told(bureau: Bureau) -> None:
    signer = bureau.signer()
    keys = subscription()
    assert pushed(bureau, signer, ENDPOINT, *keys).status_code == 204
    kept = msgspec.json.decode(stored(bureau, signer))
    assert kept == {"endpoint": ENDPOINT, "p256dh": keys[0], "auth": keys[1]}
    fence = bureau.fence(signer.number)
    assert pushed(bureau, signer, ENDPOINT, *keys).status_code == 204
    assert bureau.fence(signer.number) == fence
    said = proof(signer.key, signer.serial, lambda at: push_text(
        signer.number, "", "", "", signer.serial, at))
    answer = bureau.send("DELETE", f"/v1/phones/{signer.number}/push",
                         msgspec.structs.asdict(said))
    assert (answer.status_code, stored(bureau, signer)) == (204, None)
    assert bureau.fence(signer.number) == fence + 1


@pytest.mark.parametrize(("more", "where"), [
    ({"endpoint": "http://push.example.com/"}, "endpoint"),
    ({"endpoint": "https://127.0.0.1/"}, "endpoint"),
    ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
    ({"endpoint": "https://[::1]/"}, "endpoint"), ({"endpoint": "https://10.0.0.7/"}, "endpoint"),
    ({"endpoint": "https://push.internal/"}, "endpoint"),
    ({"endpoint": "https://push.example.com/\r\nX: 1"}, "endpoint"),
    ({"endpoint": "https://push.example.com/" + "a" * 3_000}, "endpoint"),
    ({"p256dh": "AAAA"}, "p256dh"), ({"p256dh": "BA" + "A" * 85}, "p256dh"),
    ({"auth": "AAAA"}, "auth"), ({"auth": "*" * 22}, "auth"), ({"auth": "ä" * 22}, "auth")])
def test_where_no_phone_is_told(bureau: Bureau, more: dict[str, str], where: str) -> None:
    signer = bureau.signer()
    p256dh, auth = subscription()
    answer = pushed(bureau, signer, **{"endpoint": ENDPOINT, "p256dh": p256dh, "auth": auth}
                    | more)
    assert (answer.status_code, answer.json()["where"]) == (422, where), answer.text
    assert stored(bureau, signer) is None


def test_nobody_else_says_where(bureau: Bureau) -> None:
    mine, other = bureau.signer(), bureau.signer()
    keys = subscription()
    forged = Signer(mine.number, mine.account_id, other.key, mine.certificate)
    answer = pushed(bureau, forged, ENDPOINT, *keys)
    assert (answer.status_code, answer.json()["where"]) == (403, "signature")
    named = Signer(mine.number, mine.account_id, other.key, other.certificate)
    answer = pushed(bureau, named, ENDPOINT, *keys)
    assert (answer.status_code, answer.json()["where"]) == (403, "serial")
    said = proof(mine.key, mine.serial, lambda at: push_text(
        mine.number, ENDPOINT, *keys, mine.serial, at), at=datetime.now(UTC) - timedelta(hours=1))
    answer = bureau.send("PUT", f"/v1/phones/{mine.number}/push", {
        "endpoint": ENDPOINT, "p256dh": keys[0], "auth": keys[1],
        **msgspec.structs.asdict(said)})
    assert (answer.status_code, answer.json()["where"]) == (403, "signed_at")
    assert stored(bureau, mine) is None


def test_a_signature_of_nonsense_is_refused(bureau: Bureau) -> None:
    signer = bureau.signer()
    path = f"/v1/phones/{signer.number}/certificates"
    request = request_of(ec.generate_private_key(ec.SECP256R1()), signer.number)
    good = {"serial": signer.serial, "request": request,
            "signed_at": datetime.now(UTC).isoformat(timespec="seconds"), "signature": "AAAA"}
    for more, status in (({}, 403), ({"signature": "%%%"}, 403), ({"signature": "A" * 201}, 422),
                         ({"signed_at": "yesterday"}, 422), ({"signed_at": "2026-01-01"}, 422),
                         ({"signed_at": "0001-01-01T00:00:00+14:00"}, 403),
                         ({"serial": "XYZ"}, 422), ({"serial": "ab" * 20}, 403)):
        answer = bureau.send("POST", path, good | more)
        assert answer.status_code == status, (more, answer.text)
    assert bureau.send("POST", f"{path}/%00/revocation", {
        "signed_at": good["signed_at"], "signature": "AAAA"}).status_code == 422
    assert len(bureau.kept(signer.number)) == 1
