"""Mutual TLS at both doors: the certificate says who speaks, and nobody speaks for another."""

import contextlib
import ssl

import httpx
import pytest

from authhost.model import Action
from authhost.settings import TlsFiles
from terminals.pki import Authority, client_context
from tests.support import web
from tests.support.rig import running
from tests.support.wire import Wire, fields_of, stan


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def rig(servers, authority):
    server = authority.server()
    files = TlsFiles(authority.certificate_path, server.certificate, server.key)
    with running(servers, iso=("ifsf:binary2",), http=True, tls=files) as made:
        yield made


@pytest.fixture(scope="module")
def contexts(authority):
    stranger = Authority.create(authority.directory / "other")
    return {"own": client_context(authority.certificate_path, authority.client("POS00001")),
            "none": client_context(authority.certificate_path, None),
            "stranger": client_context(authority.certificate_path, stranger.client("POS00001"))}


def iso(rig, context, mti, fields):
    async def ask():
        wire = await Wire.connect(rig.ports["ifsf:0"], tls=context)
        try:
            return (await wire.ask(mti, fields)).fields
        finally:
            await wire.close()
    return rig.run(ask())


def post(rig, context, path, body):
    async def ask():
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.post(f"https://127.0.0.1:{rig.ports['http']}{path}", json=body,
                                     headers={"Idempotency-Key": stan()})
    return rig.run(ask())


def test_a_terminal_speaks_for_itself(rig, contexts):
    card = rig.card()
    assert iso(rig, contexts["own"], "1200", fields_of(card, 100))[39] == "000"
    assert iso(rig, contexts["own"], "1804", echo("POS00001"))[39] == "800"
    assert post(rig, contexts["own"], "/v1/sales", web.sale(card, 100)).status_code == 200
    assert rig.taken(card.account_id) == (200, 0, 2)


def test_another_terminals_id_is_a_security_violation_and_leaves_nothing(rig, contexts):
    card = rig.card()
    answer = iso(rig, contexts["own"], "1200", fields_of(card, 100, terminal="POS00002"))
    assert answer[39] == Action.SECURITY_VIOLATION
    assert iso(rig, contexts["own"], "1804", echo("POS00002"))[39] == Action.SECURITY_VIOLATION
    refused = post(rig, contexts["own"], "/v1/sales", web.sale(card, 100, terminal_id="POSPART1"))
    assert refused.status_code == 403
    assert rig.sql("SELECT count(*) AS n FROM journal WHERE account_id = $1",
                   card.account_id)[0]["n"] == 0
    assert rig.host.metrics.events["ifsf:0", "certificate_differs"] == 2


@pytest.mark.parametrize("who", ["none", "stranger"])
def test_without_a_certificate_of_ours_there_is_no_connection(rig, contexts, who):
    card = rig.card()
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        iso(rig, contexts[who], "1200", fields_of(card, 100))
    with pytest.raises(httpx.TransportError):
        post(rig, contexts[who], "/v1/sales", web.sale(card, 100))
    assert rig.taken(card.account_id) == (0, 0, 0)


def test_a_plain_peer_at_a_door_with_tls_gets_nothing(rig):
    async def ask():
        wire = await Wire.connect(rig.ports["ifsf:0"])
        await wire.send(wire.frame("1804", echo("POS00001")))
        body = None
        with contextlib.suppress(ConnectionError):
            body = await wire.body()
        await wire.close()
        return body
    assert rig.run(ask()) is None


def echo(terminal):
    return {7: "0723081112", 11: stan(), 12: "260723101112", 24: "831", 41: terminal.ljust(8)}
