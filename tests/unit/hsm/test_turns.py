"""One greedy peer and the others: what is pipelined is answered in order, in short turns."""

import asyncio
import socket
import time

import pytest
import uvloop

from hsm_sim.dispatch import Dispatcher
from hsm_sim.frame import Framer, framed
from hsm_sim.server import HostServer
from hsm_sim.settings import TURN_S
from tests.unit.hsm.conftest import Bench

GARBAGE = 40_000  # messages of nothing: two bytes each


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request):
    return request.param


async def serving():
    server = HostServer(Dispatcher(Bench().unit))
    return server, await server.listen("127.0.0.1", 0)


async def answers_to(reader, count, framer=None):
    framer, answers = framer or Framer(), []
    while len(answers) < count:
        data = await reader.read(1 << 16)
        assert data, f"the line ended after {len(answers)} answers"
        answers += framer.feed(data)
    return answers


@pytest.mark.invariant(14)
def test_who_sends_a_flood_takes_no_more_than_a_turn_at_a_time(run):
    async def work():
        server, port = await serving()
        greedy, greedy_out = await asyncio.open_connection("127.0.0.1", port)
        longest, before = 0.0, time.monotonic()
        flood = asyncio.create_task(answers_to(greedy, GARBAGE))
        greedy_out.write(bytes(2 * GARBAGE))
        while not flood.done():
            await asyncio.sleep(0)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
        assert set(flood.result()) == {b"ZZ51"}
        greedy_out.close()
        await server.close()
        return longest

    assert min(run(work()) for _ in range(3)) < 6 * TURN_S, "the machine has other work too"


@pytest.mark.invariant(14)
def test_the_order_stays_and_the_end_comes_after_the_last_answer(run):
    """Some turns' worth of commands, then a length that cannot be believed."""
    messages = [b"HEADB20005%05d" % number for number in range(20_000)]

    async def work():
        server, port = await serving()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(map(framed, messages)) + b"\xff\xff")
        answers = await answers_to(reader, len(messages))
        assert [one[8:] for one in answers] == [one[10:] for one in messages]
        assert await reader.read() == b""
        assert (server.bad_lengths, server.connections) == (1, set())
        writer.close()
        await server.close()

    run(work())


@pytest.mark.invariant(14)
def test_a_server_that_ends_answers_what_it_has_read(run):
    messages = [b"HEADB20005%05d" % number for number in range(5_000)]

    async def work():
        server, port = await serving()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(map(framed, messages)))
        framer = Framer()
        first = await answers_to(reader, 1, framer)
        await server.close()
        rest = framer.feed(await reader.read())
        got = [one[8:] for one in first + rest]
        assert got == [one[10:] for one in messages[:len(got)]], "no answer is left out"
        writer.close()

    run(work())


def test_a_peer_that_is_gone_is_noticed(run):
    async def work():
        server, port = await serving()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"HEADNC"))
        await answers_to(reader, 1)
        line, = server.connections
        found = line._transport.get_extra_info("socket")
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        writer.close()
        await server.close()

    run(work())
