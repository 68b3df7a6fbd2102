"""The small certificate authority: fast, and good for mutual TLS."""

from __future__ import annotations

import asyncio
import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from terminals import pki


def test_a_hundred_certificates_in_a_second(tmp_path: Path) -> None:
    authority = pki.Authority.create(tmp_path)
    started = time.perf_counter()
    identities = [authority.client(f"T{number:04d}") for number in range(100)]
    assert time.perf_counter() - started < 1
    assert len({identity.certificate for identity in identities}) == 100


def test_the_common_name_is_the_terminal(tmp_path: Path) -> None:
    identity = pki.Authority.create(tmp_path).client("T0101")
    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "T0101"


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    identity = pki.Authority.create(tmp_path).server()
    assert stat.S_IMODE(identity.key.stat().st_mode) == 0o600


async def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The common name that the server saw."""
    names: asyncio.Queue[str] = asyncio.Queue()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peercert")
        names.put_nowait(dict(pair[0] for pair in peer["subject"])["commonName"])
        writer.write(b"x")
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=server)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        try:
            await reader.readexactly(1)  # TLS 1.3: only reading shows that we were refused
        finally:
            writer.close()
        return await asyncio.wait_for(names.get(), 5)


def test_both_sides_know_each_other(tmp_path: Path) -> None:
    authority = pki.Authority.create(tmp_path)
    server = pki.server_context(authority.certificate_path, authority.server())
    client = pki.client_context(authority.certificate_path, authority.client("T0101"))
    assert asyncio.run(_handshake(server, client)) == "T0101"


def test_a_stranger_is_refused(tmp_path: Path) -> None:
    ours = pki.Authority.create(tmp_path / "ours")
    theirs = pki.Authority.create(tmp_path / "theirs")
    server = pki.server_context(ours.certificate_path, ours.server())
    stranger = pki.client_context(ours.certificate_path, theirs.client("T0101"))
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        asyncio.run(_handshake(server, stranger))
    nameless = pki.client_context(ours.certificate_path, None)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        asyncio.run(_handshake(server, nameless))
    trusting_others = pki.client_context(theirs.certificate_path, ours.client("T0102"))
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(_handshake(server, trusting_others))
