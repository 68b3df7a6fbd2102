"""The public door: TLS, a certificate if there is one; merchants' and phones' routes, no other."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from authhost.admin.access import operator
from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.settings import HttpListen, Settings, SettingsError
from terminals.pki import client_context
from tests.support.devices import Yard
from tests.support.merchants import Shopfront, wanted
from tests.support.payments import Root, Shop, Signer
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def root() -> Root:
    return Root()


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


@pytest.fixture(scope="module")
def shop(rig: Rig, root: Root) -> Iterator[Shop]:
    made = Shop(rig, root)
    yield made
    made.close()


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
