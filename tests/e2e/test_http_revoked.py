"""A certificate that is revoked while its HTTP connection is open: 403, and the connection ends."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from authhost.certificates.guard import CertificateGuard
from authhost.clock import Clock
from tests.support.devices import SHA256, Yard, device_key, request_of
from tests.support.office import opened
from tests.support.rig import running

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def rig(servers, yard):
    with running(servers, tls=yard.tls) as made:
        yield made


@pytest.fixture(scope="module")
def office(rig, yard):
    guard = CertificateGuard(rig.host._pool, Clock.real_now_us)
    with opened(rig, yard.tls, guard, yard.ours) as made:
        yield made


def test_an_open_connection_ends_with_its_certificate(rig, yard, office):
    boss = office.person("administrator", certificate="BOSS")
    boss.context = yard.of_outside("BOSS")
    key = device_key()
    row = boss.made("/certificates", {
        "terminal_id": "POS00001", "request": request_of(key, "POS00001", hashed=SHA256)})
    context = yard.with_ours(key, row["certificate"])

    async def connect():
        return await asyncio.open_connection(
            "127.0.0.1", urlsplit(office.url).port, ssl=context, server_hostname="127.0.0.1")

    async def ask(reader, writer, times=1):
        """The heads of as many answers as come before the end."""
        writer.write(ASK * times)
        heads = []
        try:
            for _ in range(times):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
                heads.append(head)
        except asyncio.IncompleteReadError:
            pass
        return heads

    reader, writer = rig.run(connect())
    assert [head.split()[1] for head in rig.run(ask(reader, writer, 3))] == ["200"] * 3
    path = f"/certificates/{row['serial']}/revocation"
    assert boss.post(path, {"reason": "key_compromise"}).status_code == 200
    time.sleep(1)
    [refused] = rig.run(ask(reader, writer, 3))
    assert refused.split()[1] == "403"
    assert "connection: close" in refused
    assert "application/problem+json" in refused

    async def end():
        rest = await reader.read()
        writer.close()
        return rest
    assert rig.run(end()) == b""
