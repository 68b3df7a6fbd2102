"""Certificates of devices over real TLS: issued, renewed, adopted, revoked; both doors look."""

import asyncio
import base64
import json
import ssl
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from authhost import cli
from authhost.certificates import guard as guards
from authhost.certificates.authority import AuthorityError, FileAuthority
from authhost.certificates.guard import CertificateGuard, Peer
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from tests.support.devices import SHA256, Yard, device_key, request_of
from tests.support.office import opened
from tests.support.rig import running
from tests.support.wire import Wire, stan


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def rig(servers, yard):
    with running(servers, iso=("ifsf:binary2",), tls=yard.tls) as made:
        yield made


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def guard(rig, told):
    async def tell(terminal, why):
        told.append((terminal, why))
    made = CertificateGuard(rig.host._pool, Clock.real_now_us, tell)
    rig.host.iso_doors[0].guard = made
    return made


@pytest.fixture(scope="module")
def office(rig, yard, guard):
    with opened(rig, yard.tls, guard, yard.ours) as made:
        yield made


@pytest.fixture(scope="module")
def boss(office, yard):
    person = office.person("administrator", certificate="BOSS")
    person.context = yard.of_outside("BOSS")
    return person


@pytest.fixture
def terminal(boss):
    """A terminal of its own for a test."""
    terminal_id = f"T{stan()}"
    boss.made("/terminals", {"terminal_id": terminal_id, "kind": "pos", "acquirer_id": "280131",
                             "merchant_id": "STATION"})
    return terminal_id


def issued(boss, terminal_id, key=None, path="", **more):
    """(key, certificate row) of a terminal."""
    key = key or device_key()
    row = boss.made(f"/certificates{path}", {
        "terminal_id": terminal_id, "request": request_of(key, terminal_id, hashed=SHA256),
        **more})
    return key, row


def over_http(office, context, terminal_id):
    """What a device's renewal without a request is answered: 422 is let in, 403 is not."""
    async def ask():
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.post(f"{office.url}/v1/terminals/{terminal_id}/certificates",
                                     json={})
    answer = office.rig.run(ask())
    if answer.status_code == 403:
        assert answer.json()["type"] == "urn:authhost:problem:certificate"
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code


@contextmanager
def wire(rig, context):
    made = rig.run(Wire.connect(rig.ports["ifsf:0"], tls=context))
    try:
        yield made
    finally:
        rig.run(made.close())


def echo(rig, made, terminal_id):
    """Whether a network message of this terminal is answered; False: the door has closed."""
    async def ask():
        fields = {7: "0723081112", 11: stan(), 12: "260723101112", 24: "831",
                  41: terminal_id.ljust(8)}
        try:
            await made.send(made.frame("1804", fields))
        except ConnectionError:
            return False
        return await made.body() is not None
    return rig.run(ask())


async def ended(made, guard):
    """Whether the door closes a connection on which nothing is said, the guard's chore beside."""
    async def look():
        while True:
            await guard.look()
            await asyncio.sleep(guards.LOOK_S)
    chore = asyncio.create_task(look())
    try:
        async with asyncio.timeout(3):
            return await made.body() is None
    except TimeoutError:
        return False
    finally:
        chore.cancel()


def over_iso(rig, context, terminal_id):
    with wire(rig, context) as made:
        return echo(rig, made, terminal_id)


def lets_in(office, context, terminal_id):
    """(HTTP, ISO 8583)."""
    return (over_http(office, context, terminal_id) == 422,
            over_iso(office.rig, context, terminal_id))


def test_a_terminal_with_a_certificate_is_known_by_it_alone(yard, office, boss, terminal, told):
    stranger = yard.of_outside(terminal)
    assert lets_in(office, stranger, terminal) == (True, True), "no row: the outside CA's to say"
    key, row = issued(boss, terminal)
    certificate = x509.load_pem_x509_certificate(row["certificate"].encode())
    certificate.verify_directly_issued_by(yard.ours.certificate)
    assert f"{certificate.serial_number:x}" == row["serial"]
    time.sleep(1)
    assert lets_in(office, yard.with_ours(key, row["certificate"]), terminal) == (True, True)
    assert lets_in(office, stranger, terminal) == (False, False)
    assert told[-2:] == [(terminal, "unknown")] * 2
    assert lets_in(office, yard.of_outside("POS00001"), "POS00001") == (True, True)
    kept = boss.get("/certificates", terminal=terminal).json()["data"]
    assert [one["serial"] for one in kept] == [row["serial"]]
    audit = boss.get("/audit", subject=f"certificate/{row['serial']}").json()["data"]
    assert audit[0]["change"]["terminal_id"] == [None, terminal]


def test_the_same_serial_of_another_authority_is_another_certificate(rig, guard, boss, terminal):
    _, row = issued(boss, terminal)
    assert rig.run(guard.objection(Peer(terminal, row["serial"], b"\0" * 32))) == "unknown"


def test_a_revocation_is_in_force_within_a_second_at_every_host(
        rig, yard, office, boss, terminal, guard):
    key, row = issued(boss, terminal)
    context = yard.with_ours(key, row["certificate"])
    other = CertificateGuard(rig.host._pool, Clock.real_now_us)
    peer = Peer(terminal, row["serial"], x509.load_pem_x509_certificate(
        row["certificate"].encode()).fingerprint(hashes.SHA256()))
    assert rig.run(other.objection(peer)) == ""
    with wire(rig, context) as first, wire(rig, context) as idle:
        assert echo(rig, first, terminal)
        assert echo(rig, idle, terminal)
        assert over_http(office, context, terminal) == 422
        path = f"/certificates/{row['serial']}/revocation"
        assert boss.post(path, {"reason": "key_compromise"}).status_code == 200
        time.sleep(1)
        assert other.at_hand(peer) is None
        assert rig.run(other.objection(peer)) == "revoked"
        assert not echo(rig, first, terminal)

        assert rig.run(ended(idle, guard)), "the sweep closes who says nothing"
    assert lets_in(office, context, terminal) == (False, False)
    again = boss.post(path, {})
    assert (again.status_code, again.json()["where"]) == (409, "serial")
    assert boss.post("/certificates/0/revocation", {}).status_code == 404
    assert boss.post(path, {"reason": "boredom"}).json()["where"] == "reason"
    refused = boss.post("/certificates", {"terminal_id": terminal, "request": request_of(
        key, terminal, hashed=SHA256)})
    assert refused.status_code == 409, "a key that was stolen is nobody's"


@pytest.mark.parametrize("bug", ["blind", "never looks"])
def test_a_planted_bug_is_seen(rig, yard, office, boss, terminal, guard, monkeypatch, bug):
    async def nothing(self):
        self._looked = time.monotonic()
    if bug == "blind":
        monkeypatch.setattr(CertificateGuard, "_said", lambda self, peer, known: "")
    else:
        monkeypatch.setattr(CertificateGuard, "_look", nothing)
    with pytest.raises(AssertionError):
        test_a_revocation_is_in_force_within_a_second_at_every_host(
            rig, yard, office, boss, terminal, guard)


def test_a_change_by_hand_in_the_database_is_seen_too(rig, yard, office, boss, terminal):
    key, row = issued(boss, terminal)
    context = yard.with_ours(key, row["certificate"])
    assert lets_in(office, context, terminal) == (True, True)
    rig.sql("UPDATE device_certificate SET revoked_at = now() WHERE serial = $1", row["serial"])
    time.sleep(1)
    assert lets_in(office, context, terminal) == (False, False)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        rig.sql("DELETE FROM device_certificate")


def test_a_device_renews_its_own_and_the_old_one_ends_later(rig, yard, office, boss, terminal):
    key, row = issued(boss, terminal)
    old = yard.with_ours(key, row["certificate"])

    def renewed(context, who, made):
        async def ask():
            async with httpx.AsyncClient(verify=context, trust_env=False) as client:
                return await client.post(
                    f"{office.url}/v1/terminals/{who}/certificates",
                    json={"request": request_of(made, who, hashed=SHA256)})
        return rig.run(ask())
    fresh = device_key()
    answer = renewed(old, terminal, fresh)
    assert answer.status_code == 201, answer.text
    assert answer.json()["authority"].startswith("-----BEGIN CERTIFICATE-----")
    again = renewed(old, terminal, fresh)
    assert again.json() == answer.json(), "a repeat has the same answer"
    new = yard.with_ours(fresh, answer.json()["certificate"])
    assert lets_in(office, new, terminal) == lets_in(office, old, terminal) == (True, True)
    ends = rig.sql("SELECT revoked_at, reason FROM device_certificate WHERE serial = $1",
                   row["serial"])[0]
    assert ends["reason"] == "superseded"
    left = ends["revoked_at"] - datetime.now(UTC)
    assert timedelta(days=6) < left < timedelta(days=8)
    late = CertificateGuard(rig.host._pool, lambda: Clock.real_now_us() + 8 * 86_400_000_000)
    old_peer = Peer(terminal, row["serial"], x509.load_pem_x509_certificate(
        row["certificate"].encode()).fingerprint(hashes.SHA256()))
    assert rig.run(late.objection(old_peer)) == "revoked"
    assert renewed(new, "POS00002", device_key()).status_code == 403, "nobody speaks for another"
    assert renewed(new, terminal, device_key()).status_code == 201
    too_often = renewed(new, terminal, device_key())
    assert (too_often.status_code, too_often.json()["where"]) == (409, "terminal_id")


def test_an_expired_one_is_refused(rig, boss, terminal):
    _, row = issued(boss, terminal, days=1)
    peer = Peer(terminal, row["serial"], x509.load_pem_x509_certificate(
        row["certificate"].encode()).fingerprint(hashes.SHA256()))
    late = CertificateGuard(rig.host._pool, lambda: Clock.real_now_us() + 2 * 86_400_000_000)
    assert rig.run(late.objection(peer)) == "expired"
    assert data(boss, ending_before=(datetime.now(UTC) + timedelta(days=2)).isoformat(),
                terminal=terminal) == [row["serial"]]
    assert data(boss, ending_before=datetime.now(UTC).isoformat(), terminal=terminal) == []


def data(boss, **query):
    answer = boss.get("/certificates", **query)
    assert answer.status_code == 200, answer.text
    return [row["serial"] for row in answer.json()["data"]]


def test_an_outside_certificate_is_adopted_and_revoked(rig, yard, office, boss, terminal):
    outside = yard.of_outside(terminal)
    text = (yard.outside.directory / f"{terminal}.pem").read_text()
    row = boss.made("/certificates/adoptions", {"terminal_id": terminal, "certificate": text})
    assert lets_in(office, outside, terminal) == (True, True)
    wrong = boss.post("/certificates/adoptions", {"terminal_id": "POS00001",
                                                  "certificate": text})
    assert (wrong.status_code, wrong.json()["where"]) == (422, "certificate")
    assert boss.post("/certificates/adoptions", {"terminal_id": terminal, "certificate": "x"}
                     ).status_code == 422
    assert boss.post(f"/certificates/{row['serial']}/revocation", {}).status_code == 200
    time.sleep(1)
    assert lets_in(office, outside, terminal) == (False, False)
    assert row["serial"] not in listed(yard, boss), "another authority's is its own to list"


def listed(yard, boss):
    """The serials of the list of revoked ones, which is signed and numbered."""
    text = boss.get("/certificates/crl")
    assert text.headers["content-type"] == "application/x-pem-file"
    crl = x509.load_pem_x509_crl(text.content)
    assert crl.is_signature_valid(yard.ours.certificate.public_key())
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > 0
    return {f"{one.serial_number:x}" for one in crl}


def test_the_list_of_revoked_ones_keeps_them_out_of_a_server_that_reads_it(
        yard, boss, terminal, tmp_path):
    key, row = issued(boss, terminal)
    context = yard.with_ours(key, row["certificate"])
    assert boss.post(f"/certificates/{row['serial']}/revocation", {}).status_code == 200
    assert row["serial"] in listed(yard, boss)
    other, good = issued(boss, terminal)
    bundle = tmp_path / "crl.pem"
    bundle.write_bytes(boss.get("/certificates/crl").content)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_verify_locations(yard.directory / "ours" / "ca.pem")
    server.load_verify_locations(bundle)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    server.load_cert_chain(yard.tls.certificate, yard.tls.key)
    assert not handshake(server, context)
    assert handshake(server, yard.with_ours(other, good["certificate"]))


def handshake(server, client):
    """Both ends in memory: whether the server takes the client."""
    pipes = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(pipes[0], pipes[1], server_hostname="localhost"),
            server.wrap_bio(pipes[1], pipes[0], server_side=True))
    done = [False, False]
    for _ in range(10):
        for place, end in enumerate(ends):
            try:
                end.do_handshake()
                done[place] = True
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return all(done)


def bad_requests(yard):
    weak, good = rsa.generate_private_key(65_537, 1_024), device_key()
    forged = request_of(good, "NAME", hashed=SHA256).splitlines()
    body = bytearray(base64.b64decode("".join(forged[1:-1])))
    body[-1] ^= 1
    return {
        "not one": "hello", "empty": "", "binary": "\x00\xff",
        "another's": request_of(good, "POS00002", hashed=SHA256),
        "two names": request_of(good, "NAME", "NAME", hashed=SHA256),
        "no name": request_of(good, hashed=SHA256),
        "a short key": request_of(weak, "NAME", hashed=SHA256),
        "another curve": request_of(ec.generate_private_key(ec.SECP521R1()), "NAME",
                                    hashed=SHA256),
        "an odd curve": request_of(ec.generate_private_key(ec.SECP256K1()), "NAME",
                                   hashed=SHA256),
        "a weak hash": request_of(good, "NAME", hashed=hashes.SHA224()),
        "not proved": f"{forged[0]}\n{base64.b64encode(body).decode()}\n{forged[-1]}\n",
        "the authority's key": request_of(yard.ours._key, "NAME", hashed=SHA256),
        "large": "x" * 20_000}


def test_what_is_wrong_with_a_request_is_said_and_nothing_is_signed(rig, yard, boss):
    boss.made("/terminals", {"terminal_id": "NAME", "kind": "pos", "acquirer_id": "280131",
                             "merchant_id": "STATION"})
    wrong = {}
    for name, text in bad_requests(yard).items():
        answer = boss.post("/certificates", {"terminal_id": "NAME", "request": text})
        if answer.status_code != 422 or answer.json()["where"] != "request":
            wrong[name] = answer.text
    assert wrong == {}
    assert data(boss, terminal="NAME") == []
    good = request_of(device_key(), "NOBODY", hashed=SHA256)
    nobody = boss.post("/certificates", {"terminal_id": "NOBODY", "request": good})
    assert (nobody.status_code, nobody.json()["where"]) == (404, "terminal_id")
    boss.patch("/terminals/NAME", {"status": "closed"})
    closed = boss.post("/certificates", {"terminal_id": "NAME", "request": request_of(
        device_key(), "NAME", hashed=SHA256)})
    assert closed.status_code == 409


@pytest.mark.parametrize("make", [
    lambda: rsa.generate_private_key(65_537, 2_048), ed25519.Ed25519PrivateKey.generate,
    lambda: ec.generate_private_key(ec.SECP384R1())], ids=["RSA", "Ed25519", "P-384"])
def test_keys_of_every_kind_that_we_take(yard, office, boss, terminal, make):
    key = make()
    hashed = False if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256
    row = boss.made("/certificates", {"terminal_id": terminal, "request": request_of(
        key, terminal, hashed=hashed)})
    assert lets_in(office, yard.with_ours(key, row["certificate"]), terminal) == (True, True)


def test_a_key_is_one_terminals_and_issuing_is_done_once(rig, boss, terminal):
    key, _ = issued(boss, terminal)
    boss.made("/terminals", {"terminal_id": f"{terminal}B", "kind": "pos",
                             "acquirer_id": "280131", "merchant_id": "STATION"})
    shared = boss.post("/certificates", {"terminal_id": f"{terminal}B", "request": request_of(
        key, f"{terminal}B", hashed=SHA256)})
    assert (shared.status_code, shared.json()["where"]) == (409, "request")
    body = {"terminal_id": terminal, "request": request_of(device_key(), terminal,
                                                           hashed=SHA256)}

    async def race():
        return await asyncio.gather(*(boss.sending("POST", "/certificates", body, key=terminal)
                                      for _ in range(4)))
    assert len({answer.text for answer in rig.run(race())}) == 1
    assert len(data(boss, terminal=terminal)) == 2
    issued(boss, terminal)
    fourth = boss.post("/certificates", {"terminal_id": terminal, "request": request_of(
        device_key(), terminal, hashed=SHA256)})
    assert (fourth.status_code, fourth.json()["where"]) == (409, "terminal_id")


def test_without_a_database_nobody_is_believed(rig, boss, terminal):
    async def ask():
        pool = await asyncpg.create_pool(rig.database_url, min_size=1, max_size=1)
        made = CertificateGuard(pool, Clock.real_now_us)
        peer = Peer(terminal, "1", b"")
        assert await made.objection(peer) == ""
        assert made.at_hand(peer) == ""
        await pool.close()
        made._looked -= guards._FRESH_S
        assert made.at_hand(peer) is None
        with pytest.raises(JournalUnavailable):
            await made.objection(peer)
    rig.run(ask())


def test_a_look_costs_a_message_next_to_nothing(rig, guard, boss, terminal):
    issued(boss, terminal)
    peer = Peer(terminal, "1", b"")
    rig.run(guard.objection(peer))
    began = time.perf_counter()
    for _ in range(1_000):
        guard.at_hand(peer)
    assert (time.perf_counter() - began) / 1_000 < 20e-6


def test_an_authoritys_files_are_its_owners_alone(yard, tmp_path):
    directory = yard.directory / "ours"
    assert b"ENCRYPTED" in (directory / "ca.key").read_bytes()
    assert (directory / "ca.key").stat().st_mode & 0o077 == 0
    FileAuthority.open(directory, yard.passphrase)
    other = tmp_path / "other"
    other.write_text("another passphrase of some length")
    other.chmod(0o600)
    with pytest.raises(AuthorityError, match="does not open"):
        FileAuthority.open(directory, other)
    other.chmod(0o644)
    with pytest.raises(AuthorityError, match="open to others"):
        FileAuthority.open(directory, other)
    other.write_text("short")
    other.chmod(0o600)
    with pytest.raises(AuthorityError, match="20 characters"):
        FileAuthority.open(directory, other)
    with pytest.raises(AuthorityError, match="already"):
        FileAuthority.create(directory, yard.passphrase, "x", datetime.now(UTC))


def test_all_of_it_by_the_command_line(rig, yard, office, boss, terminal, tmp_path, capsys):
    key = device_key()
    request = tmp_path / "device.csr"
    request.write_text(request_of(key, terminal, hashed=SHA256))
    signing = ["--authority", str(tmp_path / "ca"), "--passphrase-file", str(yard.passphrase)]

    def run(*words):
        url = [] if words[0] == "init" else ["--database-url", rig.database_url]
        code = cli.main(["certificates", *words, *url])
        return code, capsys.readouterr()
    assert run("init", *signing)[0] == 0
    assert run("init", *signing)[0] == 1
    out = tmp_path / "device.pem"
    code, said = run("issue", terminal, str(request), *signing, "--out", str(out))
    assert code == 0, said.err
    serial = said.out.split()[-1]
    assert out.read_text().startswith("-----BEGIN CERTIFICATE-----")
    request.write_text(request_of(device_key(), terminal, hashed=SHA256))
    code, said = run("renew", terminal, str(request), *signing, "--overlap", "1")
    assert said.out.startswith("-----BEGIN CERTIFICATE-----")
    assert "superseded" in run("list", "--terminal", terminal)[1].out
    assert run("revoke", serial, "--reason", "key_compromise")[0] == 0
    code, said = run("revoke", serial)
    assert (code, "revoked already" in said.err) == (1, True)
    crl = tmp_path / "crl.pem"
    code, said = run("crl", *signing, "--out", str(crl))
    assert code == 0, said.err
    assert [f"{one.serial_number:x}" for one in x509.load_pem_x509_crl(crl.read_bytes())] == [
        serial]
    assert serial not in run("list", "--ending", "3")[1].out
    adopted = yard.outside.client(terminal)
    assert run("adopt", terminal, str(adopted.certificate))[0] == 0
    assert run("issue", terminal, str(out), *signing)[0] == 1
    trail = rig.sql("SELECT change FROM audit WHERE subject = $1 AND what LIKE '%revoked'",
                    f"certificate/{serial}")
    assert json.loads(trail[0]["change"])["reason"] == ["superseded", "key_compromise"]
