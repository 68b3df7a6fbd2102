"""Streams of the JSON door: their order, their bounds and their end, with peers that mean no good.

Over plain TCP and mutual TLS, on the loop of the host and on the one of most tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
import tracemalloc

import pytest

from authhost import limits
from authhost.doors import http_streams
from authhost.doors.call import Endpoint
from authhost.doors.streams import events, piece
from authhost.payments.topics import Subscription, Topics
from tests.support.http_peer import Gone, Served, files, new_loop

pytestmark = [pytest.mark.invariant(14), pytest.mark.invariant(16)]
KINDS = ["uvloop", "asyncio", "uvloop-tls", "asyncio-tls", "uvloop-tls-public",
         "asyncio-tls-public"]
EVENTS = b"GET /events/me HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n"
BEGINS = b"retry: 3000\n\n"


class Streaming(Served):
    """A server that has streams too."""

    topics = Topics(3)

    def _endpoints(self):
        async def listened(call):
            return events(Subscription(self.topics, call.path["name"]))

        self.topics = Topics(3)
        return [*super()._endpoints(), Endpoint("GET", "/events/{name}", listened)]

    def put(self, data, name="me"):
        """Tell all who listen; what each said to it."""
        async def tell():
            return [one.put(data) for one in self.topics.of(name)]

        return self.run(tell())

    def listening(self, number=1, name="me"):
        """Wait until so many listen."""
        self.until(lambda: len(self.topics.of(name)) == number)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return files(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=KINDS)
def served(request, made):
    kind, *more = request.param.split("-")
    running = Streaming(new_loop(kind), made if "tls" in more else None, public="public" in more)
    yield running
    running.stop()


@pytest.fixture
def peer(served):
    with served.peer() as one:
        yield one


def heard(peer, size):
    """The next bytes of a stream."""
    while len(peer._unread) < size:
        peer._more()
    data, peer._unread = peer._unread[:size], peer._unread[size:]
    return data


def rest(peer):
    """What comes before it ends, however it does."""
    with contextlib.suppress(Gone, OSError):
        while True:
            peer._more()
    data, peer._unread = peer._unread, b""
    return data


def begun(peer, asks=EVENTS):
    """A stream, and the head of its answer."""
    answer = peer.ask(asks)
    assert heard(peer, len(BEGINS)) == BEGINS
    return answer


def test_what_is_told_comes_as_it_is_told(served, peer):
    head = begun(peer)
    assert head.status == 200
    assert head.headers["content-type"] == "text/event-stream"
    assert head.headers["connection"] == "close"
    assert {"content-length", "transfer-encoding"}.isdisjoint(head.headers)
    for number in range(50):
        told = piece("payment", f"p.{number}", b'{"state":"SENT"}')
        assert served.put(told) == [True]
        assert heard(peer, len(told)) == \
            b'id: p.%d\nevent: payment\ndata: {"state":"SENT"}\n\n' % number


def test_a_head_has_no_stream(served, peer):
    peer.send(EVENTS.replace(b"GET", b"HEAD"))
    head = peer.answer(head=True)
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
    assert peer.ends()
    assert not served.topics.of("me")


def test_what_was_asked_before_is_answered_and_nothing_behind(served, peer):
    assert peer.ask(GET + EVENTS + GET + GET).json["path"] == {}
    begun(peer, b"")
    served.listening()
    peer.send(GET * 100)
    served.put(b"told")
    assert heard(peer, 4) == b"told"
    with served.peer() as other:
        assert other.ask(GET).status == 200


def test_who_goes_hears_no_more(served):
    with served.peer() as gone, served.peer() as stays:
        begun(gone)
        begun(stays)
        served.listening(2)
        gone.close()
        served.listening(1)
        assert served.put(b"told") == [True]
        assert heard(stays, 4) == b"told"
    served.listening(0)
    assert len(served.server.streams) == 0


def test_who_comes_last_has_the_place_of_who_came_first(served):
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(served.peer()) for _ in range(4)]
        for one in peers:
            begun(one)
        served.listening(3)
        assert rest(peers[0]) == b""
        assert served.put(b"told") == [True] * 3
        assert [heard(one, 4) for one in peers[1:]] == [b"told"] * 3
        served.until(lambda: len(served.server.streams) == 3)


def test_who_does_not_read_is_closed_and_holds_little(served):
    told = piece("payment", "p.1", b"x" * 1_000)
    with served.peer(SO_RCVBUF=4_096) as deaf, served.peer() as other:
        begun(deaf)
        served.listening()
        put = 0
        while served.put(told) == [True]:
            put += len(told)
            assert put < 2_000_000, "it is held for a peer that does not read"
        served.listening(0)
        assert other.ask(GET).status == 200
        assert len(rest(deaf)) < 2_000_000


def test_who_reads_slowly_hears_many_at_once(served):
    """As many as the hub reads in one statement."""
    told = [piece("payment", f"p.{number}", b"x" * 600) for number in range(256)]

    async def tell():
        [listener] = served.topics.of("me")
        return all(listener.put(one) for one in told)

    with served.peer(SO_RCVBUF=4_096) as slow:
        begun(slow)
        served.listening()
        assert served.run(tell())
        time.sleep(0.1)
        assert heard(slow, len(b"".join(told))) == b"".join(told)


@pytest.mark.parametrize("served", ["uvloop", "uvloop-tls"], indirect=True)
def test_everybody_hears_that_we_live_by_one_timer(made, served, monkeypatch):
    monkeypatch.setattr(http_streams, "KEEPALIVE_S", 0.4)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(served.peer()) for _ in range(40)]
        before = served.run(_tasks())
        for number, one in enumerate(peers):
            begun(one, EVENTS.replace(b"me", b"%d" % number))
        for one in peers:
            assert heard(one, 6) == b":\n\n:\n\n"
        assert served.run(_tasks()) <= before


async def _tasks():
    return len(asyncio.all_tasks())


def test_a_stop_tells_when_to_come_again(served):
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(served.peer()) for _ in range(5)]
        for number, one in enumerate(peers):
            begun(one, EVENTS.replace(b"me", b"%d" % number))
        started = time.monotonic()
        served.run(served.server.close())
        assert time.monotonic() - started < 5
        said = {rest(one) for one in peers}
        assert said == {b"retry: %d\n\n" % (3_000 + 200 * number) for number in range(1, 6)}
        assert len(served.server.streams) == 0


def test_streams_are_connections_too(served, monkeypatch):
    monkeypatch.setattr(limits, "CONNECTIONS_PER_DOOR", 2)
    with served.peer() as first, served.peer() as second:
        begun(first)
        begun(second)
        # TLS notices at the handshake, plain TCP at the answer.
        with pytest.raises((Gone, OSError)), served.peer() as third:
            third.ask(GET)


def test_a_stream_that_waits_is_a_few_objects():
    """Without TLS and the sockets, which are not Python's: what a stream holds here."""
    served = Streaming(new_loop("uvloop"), None)
    with contextlib.ExitStack() as stack:
        stack.callback(served.stop)
        begun(stack.enter_context(served.peer()))
        tracemalloc.start()
        stack.callback(tracemalloc.stop)
        before = _held()
        for number in range(300):
            begun(stack.enter_context(served.peer()), EVENTS.replace(b"me", b"%d" % number))
        served.until(lambda: len(served.server.streams) == 301)
        gc.collect()
        assert (_held() - before) / 300 < 600


def _held():
    """Bytes that the host's own files hold."""
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, "*/authhost/*")])
    return sum(one.size for one in snapshot.statistics("filename"))


@pytest.mark.parametrize("data", [b"a\nb", b"a\rb", b""])
def test_a_piece_has_one_line(data):
    with pytest.raises(AssertionError):
        piece("payment", "p.1", data)
