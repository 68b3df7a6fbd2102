"""Streams of a merchant's people end with what has opened them, and a merchant has so many."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any

import asyncpg
import httpx
import pytest

from authhost.admin.access import operator
from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.merchants import listening
from authhost.merchants.callers import Known
from tests.e2e.test_logins import begin, poll, say, signed, waiting
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.payments import Root, Shop
from tests.support.rig import Rig, running

ALL = "/v1/payments/events"
CUT_S = 2.5  # about a second, on a machine that has other things to do
BOSS = operator("operator")


@pytest.fixture(scope="module")
def rig(servers: Servers, root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,)) as made:
        made.sql("INSERT INTO merchant (merchant_id, name, status, account_id) VALUES "
                 "('GONE', 'Gone', 'active', 900001)")
        yield made


class Heard:
    """What comes on one stream. Reading goes on between looks at it."""

    def __init__(self, stream: httpx.Response) -> None:
        self._all = asyncio.create_task(self._read(stream))

    async def _read(self, stream: httpx.Response) -> None:
        with contextlib.suppress(httpx.HTTPError):
            async for _ in stream.aiter_raw():
                pass

    async def ends(self, within_s: float) -> bool:
        """Whether it has ended by then."""
        done, _ = await asyncio.wait([self._all], timeout=within_s)
        return bool(done)


async def is_cut(till: Till, path: str, out: Awaitable[Any]) -> bool:
    """Whether a stream that lives ends soon after `out`."""
    async with opened(till, path) as stream:
        heard = Heard(stream)
        assert not await heard.ends(listening.LOOK_S * 1.3), "nothing has happened yet"
        await out
        return await heard.ends(CUT_S)


async def execute(rig: Rig, text: str, *values: Any) -> None:
    """Beside the host: another one has done it."""
    connection = await asyncpg.connect(rig.database_url)
    await connection.execute(text, *values)
    await connection.close()


def test_a_blocked_users_stream_ends(rig: Rig, front: Shopfront) -> None:
    user, secret = front.user()
    till, stays = Till(front, front.token(user, secret)), front.till()
    made = till.post("/v1/payments", wanted()).json()
    assert not rig.run(is_cut(stays, ALL, execute(
        rig, "UPDATE merchant_user SET status = 'blocked' WHERE user_id = 'agent-9999'")))
    one = f"/v1/payments/{made['id']}/events"
    assert rig.run(is_cut(till, one, rig.host.paying.users.move(BOSS, user, "blocked")))


TAKEN = [
    "UPDATE merchant_session SET ended_at = now() WHERE user_id = $1",
    "UPDATE merchant_session SET expires_at = now() WHERE user_id = $1",
    "UPDATE merchant_user SET status = 'closed' WHERE user_id = $1",
    "UPDATE merchant_user SET rights = '{refund}' WHERE user_id = $1",
    "UPDATE merchant_user SET certificate = 'CARD' WHERE user_id = $1"]


@pytest.mark.parametrize("taken", TAKEN)
def test_what_another_host_has_taken_ends_it_here(rig: Rig, front: Shopfront, taken: str) -> None:
    user, secret = front.user()
    till = Till(front, front.token(user, secret))
    assert rig.run(is_cut(till, ALL, execute(rig, taken, user)))


def test_a_closed_merchants_streams_end(rig: Rig, front: Shopfront) -> None:
    till = front.till(merchant="GONE")
    assert rig.run(is_cut(till, ALL, execute(
        rig, "UPDATE merchant SET status = 'closed' WHERE merchant_id = 'GONE'")))


def test_an_agents_stream_ends_with_the_phones_certificate(rig: Rig, front: Shopfront,
                                                           shop: Shop) -> None:
    agent = shop.phone()
    front.user("agent", phone=agent.number)
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    say(front, login, signed(agent, login))
    till = Till(front, poll(front, begun)["token"])
    phones = rig.host.paying.phones
    assert rig.run(is_cut(till, ALL, phones.revoke(BOSS, agent.serial, "key_compromise")))


def test_streams_of_a_token_are_looked_at_once(rig: Rig, front: Shopfront,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """And all tokens by one read."""
    tills = [front.till() for _ in range(3)]
    read: list[int] = []
    callers = rig.host.paying.callers
    reads = callers._read

    async def counted(keys: Sequence[bytes | str]) -> dict[bytes | str, Known]:
        read.append(len(keys))
        return await reads(keys)

    monkeypatch.setattr(callers, "_read", counted)

    async def work() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for till in tills * 4:
                await stack.enter_async_context(opened(till, ALL))
            read.clear()
            await rig.host.paying._door.listening.look()
            assert read == [3]

    rig.run(work())


def test_a_merchant_has_so_many_streams_whatever_they_tell(
        rig: Rig, front: Shopfront, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "STREAMS", 3)
    till, other = front.till(), front.till(merchant="STATION")
    ids = [till.post("/v1/payments", wanted()).json()["id"] for _ in range(3)]
    paths = [ALL, *(f"/v1/payments/{one}/events" for one in ids)]

    async def work() -> list[bool]:
        async with contextlib.AsyncExitStack() as stack:
            heard = [Heard(await stack.enter_async_context(opened(till, path))) for path in paths]
            heard.append(Heard(await stack.enter_async_context(opened(other, ALL))))
            return [await one.ends(0.2) for one in heard]

    assert rig.run(work()) == [True, False, False, False, False]


@contextlib.asynccontextmanager
async def opened(till: Till, path: str) -> AsyncIterator[httpx.Response]:
    """A stream."""
    async with httpx.AsyncClient(base_url=till.front.url, trust_env=False, timeout=20) as client, \
            client.stream("GET", path, headers=till.headers) as stream:
        assert stream.status_code == 200
        yield stream
