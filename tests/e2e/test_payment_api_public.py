"""The public door: TLS, a certificate if there is one; merchants' and phones' routes, no other."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import CapturingLogger

from authhost.admin.access import operator
from authhost.admin.refusal_log import NOBODY
from authhost.bootstrap import make_host
from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.phones.desk import PAYER
from authhost.settings import HttpListen, Settings, SettingsError
from terminals.pki import client_context
from tests.support.devices import Yard
from tests.support.merchants import Shopfront, wanted
from tests.support.payments import Root, Shop, Signer
from tests.support.phones import request_of
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def rig(servers: Servers, yard: Yard, root: Root) -> Iterator[Rig]:
    path = yard.directory / "payers.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, tls=yard.tls, payer_ca=(path,),
                 public=HttpListen.public("127.0.0.1:0")) as made:
        yield made


@pytest.fixture(scope="module")
def bare(yard: Yard) -> ssl.SSLContext:
    """A client that shows no certificate."""
    return client_context(yard.outside.certificate_path, None)


@pytest.fixture(scope="module")
def front(rig: Rig, bare: ssl.SSLContext) -> Shopfront:
    return Shopfront(rig, "public", verify=bare)


def with_phone(rig: Rig, yard: Yard, phone: Signer, directory: Path) -> Shopfront:
    """The door as a phone with its certificate sees it."""
    stem = directory / phone.serial
    stem.with_suffix(".pem").write_bytes(pem(phone.certificate))
    stem.with_suffix(".key").write_bytes(phone.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    context = client_context(yard.outside.certificate_path, None)
    context.load_cert_chain(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    return Shopfront(rig, "public", verify=context)


def test_a_merchant_comes_with_a_token_alone(front: Shopfront) -> None:
    till = front.till()
    made = till.post("/v1/payments", wanted()).json()
    assert till.get(f"/v1/payments/{made['id']}").json() == made
    assert front.send("GET", "/v1/payments").status_code == 401


def test_a_merchant_comes_with_a_certificate(rig: Rig, yard: Yard, front: Shopfront) -> None:
    user_id, _ = front.user(certificate="TILL-CARD", secret=False)
    card = Shopfront(rig, "public", verify=yard.of_outside("TILL-CARD"))
    assert card.send("GET", "/v1/session").json()["user_id"] == user_id
    stranger = Shopfront(rig, "public", verify=yard.of_outside("STRANGER"))
    assert stranger.send("GET", "/v1/session").status_code == 401
    office = Shopfront(rig, "http", verify=yard.of_outside("TILL-CARD"))
    assert office.send("GET", "/v1/session").json()["user_id"] == user_id


def test_a_token_that_wants_a_certificate_is_good_with_it_alone(rig: Rig, yard: Yard,
                                                                front: Shopfront) -> None:
    user_id, secret = front.user(certificate="BOTH")
    data = {"grant_type": "client_credentials"}
    assert front.send("POST", "/v1/oauth/token", auth=(user_id, secret),
                      data=data).status_code == 401
    card = Shopfront(rig, "public", verify=yard.of_outside("BOTH"))
    token = card.token(user_id, secret)
    headers = {"Authorization": f"Bearer {token}"}
    assert card.send("GET", "/v1/session", headers=headers).status_code == 200
    assert front.send("GET", "/v1/session", headers=headers).status_code == 401


def test_a_phone_speaks_for_itself_alone(rig: Rig, yard: Yard, front: Shopfront, shop: Shop,
                                         tmp_path: Path) -> None:
    mine, other = shop.phone(), shop.phone()
    door = with_phone(rig, yard, mine, tmp_path)
    assert door.send("GET", f"/v1/phones/{mine.number}/logins").json() == []
    assert door.send("GET", f"/v1/phones/{other.number}/logins").status_code == 403
    assert front.send("GET", f"/v1/phones/{mine.number}/logins").status_code == 403


def test_the_phones_authority_makes_no_merchants(rig: Rig, yard: Yard, root: Root,
                                                 front: Shopfront, tmp_path: Path) -> None:
    front.user(certificate="FLOWERS", secret=False)
    key = ec.generate_private_key(ec.SECP256R1())
    card = Signer("FLOWERS", 0, key, root.issue("FLOWERS", key.public_key()))
    answer = with_phone(rig, yard, card, tmp_path).send("GET", "/v1/session")
    assert (answer.status_code, answer.json()["detail"]) == (403, "the certificate is unknown")
    true = Shopfront(rig, "public", verify=yard.of_outside("FLOWERS"))
    assert true.send("GET", "/v1/session").status_code == 200


def test_no_other_authority_makes_phones(rig: Rig, yard: Yard) -> None:
    number = "+38640777001"
    rig.sql("INSERT INTO payer (phone, account_id) VALUES ($1, $2)", number,
            rig.portfolio.account("payer", ()))
    door = Shopfront(rig, "public", verify=yard.of_outside(number))
    answer = door.send("GET", f"/v1/phones/{number}/payments")
    assert (answer.status_code, answer.json()["detail"]) == (403, "the certificate is unknown")


def test_who_proves_nothing_is_nobody_in_the_trail(rig: Rig, yard: Yard, front: Shopfront,
                                                   shop: Shop, tmp_path: Path) -> None:
    mine, other = shop.phone(), shop.phone()
    route = "/v1/phones/{phone}/certificates"
    path = route.format(phone=other.number)
    assert front.send("POST", path, json={}).status_code == 403
    door = with_phone(rig, yard, mine, tmp_path)
    assert door.send("POST", path, json={}).status_code == 403
    said = {"serial": "ab", "request": request_of(mine.key, mine.number), "signature": "AAAA",
            "signed_at": datetime.now(UTC).isoformat(timespec="seconds")}
    assert door.send("POST", route.format(phone=mine.number), json=said).status_code in {403, 409}
    found = rig.sql("SELECT who, role, what FROM audit WHERE subject = $1 ORDER BY id",
                    f"POST {route}")
    assert [tuple(row.values()) for row in found] == [
        (NOBODY, NOBODY, f"refused: 403, of {other.number}"),
        (mine.number, PAYER, f"refused: 403, of {other.number}"),
        (mine.number, PAYER, "refused: 409")]


def test_nothing_else_is_served_there(rig: Rig, yard: Yard, front: Shopfront) -> None:
    boss = Shopfront(rig, "public", verify=yard.of_outside("BOSS"))
    for method, path in (("GET", "/v1/admin/accounts"), ("POST", "/v1/admin/merchant-users"),
                         ("POST", "/v1/sales"), ("POST", "/v1/deposits"), ("GET", "/metrics"),
                         ("GET", "/openapi.json")):
        assert boss.send(method, path).status_code == 404
    assert front.send("GET", "/healthz").status_code == 200
    assert front.send("GET", "/openapi-payments.json").json()["openapi"] == "3.1.0"


def test_the_door_is_named_and_has_tls() -> None:
    with pytest.raises(SettingsError, match="--public x"):
        HttpListen.public("x")
    with pytest.raises(SettingsError, match="--tls-cert"):
        Settings(database_url="", redis_url="", hsm=(), public=HttpListen.public("127.0.0.1:0"))


def test_a_revoked_phone_reads_nothing_and_loses_its_stream(rig: Rig, yard: Yard,
                                                            front: Shopfront, shop: Shop,
                                                            tmp_path: Path) -> None:
    mine, other = shop.phone(), shop.phone()
    door, beside = (with_phone(rig, yard, one, tmp_path) for one in (mine, other))
    path = f"/v1/phones/{mine.number}"
    assert door.send("GET", f"{path}/payments").status_code == 200
    hub = rig.host.paying.notices.hub

    async def cut() -> float:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False, timeout=20,
                                     verify=door._client["verify"]) as client, \
                client.stream("GET", f"{path}/events") as stream:
            assert stream.status_code == 200
            assert hub.is_here(mine.number)
            await rig.host.paying.phones.revoke(operator("operator"), mine.serial,
                                                "key_compromise")
            began = time.monotonic()
            with contextlib.suppress(httpx.HTTPError):
                async for _ in stream.aiter_raw():
                    pass
            return time.monotonic() - began

    assert rig.run(cut()) < 2
    assert not hub.is_here(mine.number)
    for answer in (door.send("GET", f"{path}/payments"), door.send("GET", f"{path}/logins"),
                   door.send("GET", f"{path}/events")):
        assert (answer.status_code, answer.json()["detail"]) == (
            403, "the certificate is revoked")
    assert beside.send("GET", f"/v1/phones/{other.number}/payments").status_code == 200


def test_a_certificate_that_is_not_the_rows_is_not_believed(rig: Rig, yard: Yard, shop: Shop,
                                                            root: Root, tmp_path: Path) -> None:
    mine = shop.phone()
    forged = Signer(mine.number, mine.account_id, mine.key, root.issue(
        mine.number, mine.key.public_key()))
    answer = with_phone(rig, yard, forged, tmp_path).send(
        "GET", f"/v1/phones/{mine.number}/payments")
    assert (answer.status_code, answer.json()["detail"]) == (403, "the certificate is unknown")


@pytest.mark.parametrize(("plain", "status"), [(False, 403), (True, 200)])
def test_without_tls_phones_are_told_what_waits_where_somebody_says_so(
        servers: Servers, plain: bool, status: int) -> None:
    with running(servers, http=True, plain_phones=plain) as rig:
        number = "+38640777002"
        rig.sql("INSERT INTO payer (phone, account_id) VALUES ($1, $2)", number,
                rig.portfolio.account("payer", ()))
        front = Shopfront(rig)
        for what in ("payments", "logins"):
            assert front.send("GET", f"/v1/phones/{number}/{what}").status_code == status
        assert rig.run(streamed(front, f"/v1/phones/{number}/events")) == status


async def streamed(front: Shopfront, path: str) -> int:
    """How a stream begins."""
    async with httpx.AsyncClient(base_url=front.url, trust_env=False, timeout=20) as client, \
            client.stream("GET", path) as stream:
        return stream.status_code


@pytest.mark.parametrize(("host", "plain", "told"), [
    ("0.0.0.0", True, 1), ("0.0.0.0", False, 0), ("127.0.0.1", True, 0)])
def test_phones_without_tls_on_a_network_are_warned_of(
        rig: Rig, host: str, plain: bool, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = msgspec.structs.replace(rig.settings, http=HttpListen(host, 0, False), public=None,
                                       plain_phones=plain)

    async def begun() -> None:
        other = await make_host(settings)
        await other.start()
        await other.stop()

    log = CapturingLogger()
    monkeypatch.setattr("authhost.bootstrap._log", log)
    rig.run(begun())
    assert len([one for one in log.calls if one.args[0].startswith("phones are told")]) == told
