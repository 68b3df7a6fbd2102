"""The door that anybody may reach: places before TLS, a share for each address, little patience."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

import pytest

from authhost import limits
from authhost.doors import accepting, http_server
from authhost.doors.accepting import place_of
from authhost.doors.call import Endpoint
from authhost.doors.streams import events
from authhost.payments.topics import Subscription, Topics
from tests.support.http_peer import Gone, Served, files, new_loop

pytestmark = [pytest.mark.invariant(14), pytest.mark.invariant(16)]
GET = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n"
EVENTS = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"


class Public(Served):
    """A public door, with a stream."""

    def _endpoints(self):
        topics = Topics(100)

        async def listened(_):
            return events(Subscription(topics, "all"))

        return [*super()._endpoints(), Endpoint("GET", "/events", listened)]

    def stranger(self):
        """A connection that says nothing of TLS."""
        return socket.create_connection(("127.0.0.1", self.port), 5)

    def taken(self, number):
        """Wait until so many places are."""
        self.until(lambda: self.server.acceptor.taken == number)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return files(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=["uvloop", "asyncio"])
def served(request, made, monkeypatch):
    monkeypatch.setattr(http_server, "_SWEEP_S", 0.05)
    running = Public(new_loop(request.param), made, public=True)
    yield running
    running.stop()


def refused(served):
    """Nobody more is let in."""
    with pytest.raises((Gone, OSError)), served.peer() as one:
        one.ask(GET)
    return True


def test_who_speaks_no_tls_has_a_place_too(served, monkeypatch):
    monkeypatch.setattr(limits, "CONNECTIONS_PER_DOOR", 3)
    monkeypatch.setattr(accepting, "_HANDSHAKE_S", 0.5)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(served.stranger()) for _ in range(10)]
        served.taken(3)
        assert [one.recv(1) for one in held[3:]] == [b""] * 7, "closed at once"
        assert refused(served)
        served.taken(0)  # they have not shaken hands
        with served.peer() as one:
            assert one.ask(GET).status == 200


def test_places_are_given_back_however_it_ends(served):
    with served.peer() as asks, served.peer() as listens:
        asks.ask(GET)
        listens.ask(EVENTS)
        served.taken(2)
    with served.stranger() as nonsense:
        nonsense.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(OSError):
            nonsense.recv(100)
    with served.stranger():
        pass
    served.taken(0)
    assert not served.server.acceptor._places


def test_a_stop_waits_for_no_handshake(made):
    for kind in ("uvloop", "asyncio"):
        served = Public(new_loop(kind), made, public=True)
        with served.stranger() as first, served.peer() as asks:
            assert asks.ask(GET).status == 200
            served.taken(2)
            with served.stranger() as last:
                began = time.monotonic()
                served.stop()
                assert time.monotonic() - began < 2
                for one in (first, last):
                    with contextlib.suppress(ConnectionError):
                        assert one.recv(1) == b""


def test_who_comes_in_the_moment_of_the_stop_is_closed(served):
    """Accepted, and no handshake has begun."""
    here, there = socket.socketpair()

    async def work():
        served.server.acceptor._take(here, "somebody")
        served.server.acceptor.close()

    served.run(work())
    assert here.fileno() == -1
    assert there.recv(1) == b""
    there.close()


def test_one_address_has_a_share(served, monkeypatch):
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", 2)
    with served.peer() as one, served.peer() as two, served.peer() as three:
        assert [each.ask(GET).status for each in (one, two, three)] == [200] * 3, "a proxy's"
    monkeypatch.setattr(accepting, "place_of", lambda address: f"far {address}")
    with served.peer() as asks, served.peer() as listens:
        asks.ask(GET)
        listens.ask(EVENTS)
        assert refused(served), "a stream has its place"
        listens.close()
        served.taken(1)
        with served.peer() as another:
            assert another.ask(GET).status == 200


@pytest.mark.parametrize(("address", "place"), [
    ("127.0.0.1", ""), ("127.8.0.1", ""), ("::1", ""), ("::ffff:127.0.0.1", ""),
    ("198.51.100.7", "198.51.100.7"), ("::ffff:198.51.100.7", "198.51.100.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("fe80::1%eth0", "fe80::")])
def test_whom_an_address_counts_for(address, place):
    assert place_of(address) == place


@pytest.mark.parametrize("said", [b"", b"\r\n", b"GET /told HTT", GET[:-2]])
def test_who_comes_and_does_not_ask_is_let_go(served, monkeypatch, said):
    """However he hesitates; who has asked may stay."""
    monkeypatch.setattr(limits, "FIRST_REQUEST_S", 0.4)
    with served.peer() as stays, served.peer() as hesitates:
        assert stays.ask(GET).status == 200
        hesitates.send(said)
        began = time.monotonic()
        with contextlib.suppress(OSError, ssl.SSLError):
            assert hesitates.ends()
        assert time.monotonic() - began < 2
        time.sleep(0.5)
        assert stays.ask(GET).status == 200


def test_a_request_that_takes_us_long_is_one(served, monkeypatch):
    monkeypatch.setattr(limits, "FIRST_REQUEST_S", 0.2)
    with served.peer() as waits:
        waits.send(b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        served.until(lambda: served.begun)
        time.sleep(0.5)
        served.free()
        assert waits.answer().status == 200
