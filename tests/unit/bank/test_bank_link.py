"""The connection to a bank: whole answers, strange answers, and none."""

from __future__ import annotations

import asyncio

import pytest

from authhost.bank import bounds
from authhost.bank.banks import Place
from authhost.bank.breaker import Breaker
from authhost.bank.link import BankAway, BankLost
from authhost.bank.links import Links

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def talk(script, story):
    """A server that plays `script(reader, writer)` to each connection, and a pool to it."""
    async def run():
        async def serve(reader, writer):
            try:
                await script(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        links = Links(Place("127.0.0.1", port, "", False, ""), None)
        try:
            await story(links)
        finally:
            await links.close()
            server.close()
            await server.wait_closed()
    asyncio.run(asyncio.wait_for(run(), 10))


def answering(*answers, apart=False):
    async def script(reader, writer):
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            for part in ([bytes([byte]) for byte in answer] if apart else [answer]):
                writer.write(part)
                await writer.drain()
                if apart:
                    await asyncio.sleep(0)
        await reader.read()
    return script


async def ask(links):
    assert await links.ready()
    link = links.take()
    try:
        return await link.ask(b"GET / HTTP/1.1\r\n\r\n")
    finally:
        links.give(link)


@pytest.mark.parametrize("apart", [False, True])
def test_answers_are_whole_and_the_connection_is_kept(apart):
    chunked = (b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    async def story(links):
        first, second = await ask(links), await ask(links)
        assert (first.status, first.body) == (200, b"hello")
        assert (second.status, second.body) == (404, b"abcde")
        assert links.open == 1

    talk(answering(OK, chunked, apart=apart), story)


def test_an_interim_answer_is_no_answer():
    async def story(links):
        assert (await ask(links)).body == b"hello"

    talk(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), story)


@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", b"nonsense\r\n\r\n", b"\x00" * 50,
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (bounds.ANSWER_BYTES + 1),
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"])
def test_an_answer_that_is_none_is_lost(answer):
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async def story(links):
        with pytest.raises(BankLost):
            await ask(links)
        await asyncio.sleep(0.01)
        assert links.open == 0

    talk(script, story)


@pytest.mark.parametrize("together", [True, False])
def test_a_second_answer_closes_the_connection(together):
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK * 2 if together else OK)
        await writer.drain()
        if not together:
            await asyncio.sleep(0.02)
            writer.write(OK)
        await reader.read()

    async def story(links):
        assert (await ask(links)).body == b"hello"
        await asyncio.sleep(0.1)
        assert links.open == 0

    talk(script, story)


def test_a_server_that_says_close_is_left():
    async def story(links):
        assert (await ask(links)).body == b"hello"
        assert links.open == 0

    talk(answering(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")), story)


def test_a_connection_that_has_gone_loses_the_request():
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")

    async def story(links):
        assert await links.ready()
        link = links.take()
        link.close()
        with pytest.raises(BankLost):
            await link.ask(b"GET / HTTP/1.1\r\n\r\n")

    talk(script, story)


def test_nobody_there():
    async def story():
        links = Links(Place("127.0.0.1", 1, "", False, ""), None)
        with pytest.raises(BankAway):
            await links.ready()
        links.grow(3)
        await asyncio.sleep(0.05)
        assert links.open == 0
        await links.close()

    asyncio.run(story())


def test_old_connections_are_closed_before_the_bank_does(monkeypatch):
    async def story(links):
        await ask(links)
        assert links.idle() == 1
        monkeypatch.setattr(bounds, "IDLE_LINK_S", 0.0)
        assert links.idle() == 0
        assert links.open == 0

    talk(answering(OK), story)


def test_the_pool_is_bounded(monkeypatch):
    monkeypatch.setattr(bounds, "LINKS", 3)

    async def story(links):
        for _ in range(5):
            links.grow(8)
            await asyncio.sleep(0.02)
        assert links.open == 3

    talk(answering(OK), story)


# The breaker

def test_a_bank_is_down_after_failures_in_a_row_and_a_while():
    breaker = Breaker()
    assert not any(breaker.failed(now) for now in (0, 1, 2))
    assert breaker.most(2) == bounds.TAKE_ROWS, "not for long enough"
    assert breaker.failed(bounds.DOWN_AFTER_S)
    assert (breaker.open, breaker.most(bounds.DOWN_AFTER_S)) == (True, 0)
    later = bounds.DOWN_AFTER_S + bounds.TRIAL_S
    assert breaker.most(later) == 1
    breaker.tried(later)
    assert breaker.most(later) == 0, "one at a time"
    assert not breaker.failed(later), "it was down before"
    assert breaker.answered()
    assert (breaker.open, breaker.most(later)) == (False, bounds.TAKE_ROWS)


def test_one_answer_between_begins_anew():
    breaker = Breaker()
    for now in range(100):
        assert not breaker.failed(now)
        if now % 2:
            assert not breaker.answered()
