"""A certificate that is revoked while its stream is open: cut within a second, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from authhost.certificates.guard import CertificateGuard
from authhost.clock import Clock
from authhost.doors.call import Endpoint
from authhost.doors.http_server import HttpServer
from authhost.doors.streams import events
from authhost.journal.entry import JournalUnavailable
from authhost.payments.topics import Subscription, Topics
from tests.support.devices import SHA256, Yard, device_key, request_of
from tests.support.office import opened
from tests.support.rig import running

ASK = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return Yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def rig(servers, yard):
    with running(servers, tls=yard.tls) as made:
        yield made


@pytest.fixture(scope="module")
def boss(rig, yard):
    guard = CertificateGuard(rig.host._pool, Clock.real_now_us)
    with opened(rig, yard.tls, guard, yard.ours) as office:
        one = office.person("administrator", certificate="BOSS")
        one.context = yard.of_outside("BOSS")
        yield one


class Door:
    """A server of streams alone, and what it was told of those it turned away."""

    def __init__(self, rig, yard):
        self.rig = rig
        self.refused = []
        self.writers = []
        self.topics = Topics(10)
        self.guard = CertificateGuard(rig.host._pool, Clock.real_now_us, self.note)

        async def listened(_):
            return events(Subscription(self.topics, "all"))

        self.server = HttpServer([Endpoint("GET", "/events", listened)], "127.0.0.1", 0,
                                 yard.tls.context(), self.guard)
        self.port = rig.run(self.server.listen())

    async def note(self, name, why):
        self.refused.append((name, why))

    async def stream(self, context):
        """A reader behind the head."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, server_hostname="127.0.0.1")
        writer.write(ASK)
        self.writers.append(writer)
        await reader.readuntil(b"retry: 3000\n\n")
        return reader

    async def close(self):
        """Peers, server and guard."""
        for writer in self.writers:
            writer.transport.abort()
        await self.server.close()
        await self.guard.close()

    async def cut(self, reader):
        """Seconds until it ended; it has to within five."""
        started = time.monotonic()
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        return time.monotonic() - started


@pytest.fixture
def door(rig, yard):
    made = Door(rig, yard)
    yield made
    rig.run(made.close())


def issued(boss, yard, name):
    """(serial, context) of a new certificate of ours."""
    key = device_key()
    row = boss.made("/certificates", {
        "terminal_id": name, "request": request_of(key, name, hashed=SHA256)})
    return row["serial"], yard.with_ours(key, row["certificate"])


def revoke(boss, serial):
    assert boss.post(f"/certificates/{serial}/revocation",
                     {"reason": "key_compromise"}).status_code == 200


def test_its_stream_is_cut_and_no_other(rig, yard, boss, door):
    serial, context = issued(boss, yard, "POS00001")
    mine = rig.run(door.stream(context))
    other = rig.run(door.stream(yard.of_outside("STRANGER")))
    rig.run(asyncio.sleep(1))
    assert len(door.topics.of("all")) == 2
    revoke(boss, serial)
    assert rig.run(door.cut(mine)) < 1
    assert door.refused == [("POS00001", "revoked")]
    [left] = door.topics.of("all")

    async def told():
        assert left.put(b"told")
        return await other.readexactly(4)

    assert rig.run(told()) == b"told"


@pytest.mark.parametrize("error", [JournalUnavailable("away"), RuntimeError("a bug")])
def test_who_cannot_be_looked_at_stays_and_is_looked_at_after(rig, yard, boss, door, monkeypatch,
                                                              error):
    serial, context = issued(boss, yard, "POS00001")
    mine = rig.run(door.stream(context))

    async def away():
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(door.guard, "look", away)
        revoke(boss, serial)
        rig.run(asyncio.sleep(1.5))
        assert len(door.topics.of("all")) == 1
    assert rig.run(door.cut(mine)) < 1
