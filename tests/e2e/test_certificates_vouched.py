"""Whose word is enough for a name: of the authorities that TLS believes, and of payers' phones."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from authhost.certificates.authority import pem
from authhost.certificates.guard import CertificateGuard, Peer
from authhost.certificates.roots import payers_roots, vouchers
from authhost.clock import Clock
from authhost.settings import Settings, SettingsError
from tests.e2e.test_certificates import issued
from tests.support.devices import SHA256, Yard, device_key
from tests.support.office import opened
from tests.support.wire import stan


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def guard(rig):
    return CertificateGuard(rig.host._pool, Clock.real_now_us)


@pytest.fixture(scope="module")
def boss(rig, yard, guard):
    with opened(rig, yard.tls, guard, yard.ours) as office:
        person = office.person("administrator", certificate="BOSS")
        person.context = yard.of_outside("BOSS")
        yield person


@pytest.fixture
def terminal(boss):
    return made(boss, f"T{stan()}")


def made(boss, terminal_id):
    """A terminal of this name."""
    boss.made("/terminals", {"terminal_id": terminal_id, "kind": "pos", "acquirer_id": "280131",
                             "merchant_id": "STATION"})
    return terminal_id


def peer(certificate):
    """As a door has it."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Peer(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value,
                f"{certificate.serial_number:x}", certificate.fingerprint(SHA256), der)


def test_who_vouches_for_a_name_without_rows(rig, yard, boss, terminal):
    """Both authorities are TLS's; one of them is of another bank's phones."""
    key = device_key()
    foreign = yard.ours.sign(
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, terminal)]))
        .issuer_name(yard.ours.certificate.subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1)))
    outside = x509.load_pem_x509_certificate(yard.outside.certificate_path.read_bytes())
    theirs = x509.load_pem_x509_certificate(yard.outside.client(terminal).certificate.read_bytes())
    all_of_tls = CertificateGuard(rig.host._pool, Clock.real_now_us)
    but_the_phones = CertificateGuard(rig.host._pool, Clock.real_now_us, vouchers=[outside])
    found = [(rig.run(one.objection(peer(foreign))), rig.run(one.objection(peer(theirs))))
             for one in (all_of_tls, but_the_phones)]
    assert found == [("", ""), ("unknown", "")]
    _, row = issued(boss, terminal)  # of the same authority, with a row
    certificate = x509.load_pem_x509_certificate(row["certificate"].encode())
    for one in (all_of_tls, but_the_phones):
        rig.run(one.look())
        assert rig.run(one.objection(peer(certificate))) == ""
        assert rig.run(one.objection(peer(foreign))) == "unknown"


@pytest.mark.parametrize("name", ["+38640123456", "+x"])
def test_a_phone_has_a_payers_row_whoever_has_signed_it(rig, yard, boss, guard, name):
    certificate = x509.load_pem_x509_certificate(yard.outside.client(name).certificate.read_bytes())
    assert rig.run(guard.objection(peer(certificate))) == "unknown"
    _, row = issued(boss, made(boss, name))  # a device's is none
    certificate = x509.load_pem_x509_certificate(row["certificate"].encode())
    assert rig.run(guard.objection(peer(certificate))) == "unknown"


def test_the_phones_authority_vouches_for_nobody(rig, yard, tmp_path):
    ours = yard.ours.certificate
    outside = x509.load_pem_x509_certificate(yard.outside.certificate_path.read_bytes())
    theirs = tmp_path / "phones.pem"
    theirs.write_bytes(pem(ours))

    def of(authority, **more):
        settings = Settings(database_url="", redis_url="", hsm=(), tls=yard.tls, **more)
        return payers_roots(settings, authority), vouchers(settings, authority)

    assert of(None) == ([], None)
    assert of(yard.ours) == ([ours], None)
    assert of(None, payer_ca=(theirs,)) == ([ours], [outside])
    assert of(yard.ours, payer_ca=(theirs,)) == ([ours], None)
    assert of(yard.ours, payer_ca=(yard.outside.certificate_path,)) == ([outside], [ours])
    for wrong in (tmp_path / "none.pem", yard.passphrase):
        with pytest.raises(SettingsError, match="--payer-ca"):
            of(None, payer_ca=(wrong,))
