"""One connection: answers find their calls, whatever order and pieces they come in, or nobody.

The other end is a socket that says what a test lets it say.
"""

import asyncio
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from authhost.hsm.link import Link, LinkLost, Overdue


class Peer:
    """The HSM's end: what came, and what is said."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def command(self):
        """(header, command) of the next message."""
        length = int.from_bytes(await self._reader.readexactly(2), "big")
        message = await self._reader.readexactly(length)
        return message[:4], message[4:]

    def say(self, data):
        self._writer.write(data)

    def answer(self, header, text):
        self.say((len(text) + 4).to_bytes(2, "big") + header + text)

    async def chunk(self):
        return await self._reader.read(65_536)


@asynccontextmanager
async def line():
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()
    server = await asyncio.start_server(
        lambda reader, writer: arrived.set_result((reader, writer)), "127.0.0.1", 0)
    gone = []
    port = server.sockets[0].getsockname()[1]
    _, link = await loop.create_connection(lambda: Link(loop, gone.append), "127.0.0.1", port)
    reader, writer = await arrived
    try:
        yield link, Peer(reader, writer), gone
    finally:
        link.close()
        writer.close()
        server.close()
        await server.wait_closed()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def test_answers_find_their_calls_in_any_order_and_in_any_pieces():
    async def go():
        async with line() as (link, peer, _):
            first, second = link.call(b"NC", 5), link.call(b"B20001x", 5)
            headers = [(await peer.command())[0] for _ in range(2)]
            frames = b"".join((4 + 4 + len(data)).to_bytes(2, "big") + header + b"xx00" + data
                              for header, data in zip(reversed(headers), (b"two", b"one"),
                                                      strict=True))
            for at in range(len(frames)):
                peer.say(frames[at:at + 1])
                await asyncio.sleep(0)
            return await first, await second
    assert run(go()) == ([b"xx00one"], [b"xx00two"])


def test_calls_of_one_turn_leave_in_one_write():
    async def go():
        async with line() as (link, peer, _):
            calls = [link.call(b"NC", 5) for _ in range(50)]
            chunk = await peer.chunk()
            for call in calls:
                call.cancel()
            return len(chunk)
    assert run(go()) == 50 * (2 + 4 + 2)


def test_a_command_that_prints_has_two_answers_and_a_refused_one_has_one():
    async def go():
        async with line() as (link, peer, _):
            call = link.call(b"PE", 5, answers=2)
            header, _ = await peer.command()
            peer.answer(header, b"PF00")
            await asyncio.sleep(0.02)
            assert not call.done()
            peer.answer(header, b"PZ00")
            both = await call
            call = link.call(b"PE", 5, answers=2)
            header, _ = await peer.command()
            peer.answer(header, b"PF17")
            return both, await call
    assert run(go()) == ([b"PF00", b"PZ00"], [b"PF17"])


def test_a_late_answer_is_nobody_elses():
    async def go():
        async with line() as (link, peer, gone):
            late, other = link.call(b"DC", 0.01), link.call(b"NC", 5)
            header, _ = await peer.command()
            other_header, _ = await peer.command()
            await asyncio.sleep(0.02)
            peer.answer(other_header, b"ND00")  # so that it is not silent
            await other
            link.check(monotonic())
            with pytest.raises(Overdue):
                await late
            # All other headers are used up: the one that is owed is not given to another call.
            link._number = int(header, 16) - 1
            following = link.call(b"DC", 5)
            assert (await peer.command())[0] != header
            peer.answer(header, b"DD00")
            await asyncio.sleep(0.02)
            return following.done(), list(gone)
    assert run(go()) == (False, [])


def test_a_silent_end_is_closed_and_all_its_calls_are_lost():
    async def go():
        async with line() as (link, _, gone):
            calls = [link.call(b"NC", 0.01), link.call(b"NC", 60)]
            link.check(monotonic() + 0.02)
            for call in calls:
                with pytest.raises(LinkLost, match="silent"):
                    await call
            with pytest.raises(LinkLost):
                link.call(b"NC", 1)
            return gone == [link]
    assert run(go())


@pytest.mark.parametrize(("said", "why"), [
    (b"\x00\x05HEAD!", "is none"), (b"\x00\x08FFFFND00", "nobody has asked")])
def test_what_is_no_answer_ends_the_connection(said, why):
    async def go():
        async with line() as (link, peer, gone):
            call = link.call(b"NC", 5)
            peer.say(said)
            with pytest.raises(LinkLost, match=why):
                await call
            return len(gone)
    assert run(go()) == 1


def test_a_lost_connection_loses_its_calls():
    async def go():
        async with line() as (link, peer, gone):
            call = link.call(b"NC", 5)
            await peer.command()
            peer._writer.close()
            with pytest.raises(LinkLost):
                await call
            return len(gone)
    assert run(go()) == 1
