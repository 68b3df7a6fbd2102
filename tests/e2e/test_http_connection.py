"""A connection of the JSON door: its order, its bounds and its end, with peers that mean no good.

Over plain TCP and mutual TLS, on the loop of the host and on the one of most tests.
"""

import contextlib
import gc
import resource
import socket
import struct
import threading
import time

import pytest

from authhost import limits
from authhost.doors import http_server
from tests.support.http_peer import Gone, Peer, Served, files, new_loop

pytestmark = [pytest.mark.invariant(14), pytest.mark.invariant(16)]
GET = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /told HTTP/1.1\r\nHost: x\r\n"
HELD = b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
LAST = b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
KINDS = ["uvloop", "asyncio", "uvloop-tls", "asyncio-tls", "uvloop-tls-public",
         "asyncio-tls-public"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return files(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=KINDS)
def served(request, made, monkeypatch):
    monkeypatch.setattr(http_server, "_SWEEP_S", 0.05)
    kind, *more = request.param.split("-")
    running = Served(new_loop(kind), made if "tls" in more else None, public="public" in more)
    yield running
    running.stop()


@pytest.fixture
def peer(served):
    with served.peer() as one:
        yield one


def large(size):
    return b"GET /large/%d HTTP/1.1\r\nHost: x\r\n\r\n" % size


def alive(served):
    """Somebody else is answered."""
    with served.peer() as other:
        assert other.ask(GET).status == 200


# What comes behind, or too much of it.

# Two threads may share a plain socket, and no TLS connection.
plain = pytest.mark.parametrize("served", KINDS[:2], indirect=True)


@plain
def test_many_requests_behind_one_that_takes_time_are_held_and_answered(served, peer):
    peer.send(HELD)
    asks = threading.Thread(target=peer.send, args=(GET * 4_000,))
    asks.start()
    served.until(lambda: served.begun)
    time.sleep(0.2)
    [connection] = served.server.connections
    assert len(connection._waiting) < limits.IN_FLIGHT_PER_CONNECTION + 4_096 // 18
    served.free()
    assert [peer.answer().status for _ in range(4_001)] == [200] * 4_001
    asks.join()


@plain
def test_who_is_not_answered_yet_is_not_listened_to_for_ever(served, peer):
    padded = GET[:-2] + b"X: " + b"a" * 8_000 + b"\r\n\r\n"
    asks = threading.Thread(target=peer.send, args=(HELD + padded * 3_000,))
    asks.start()
    served.until(lambda: served.begun)
    time.sleep(0.3)
    [connection] = served.server.connections
    assert len(connection._unread) < 1_000_000
    served.free()
    assert [peer.answer().status for _ in range(3_001)] == [200] * 3_001
    asks.join()


@pytest.mark.parametrize("announced", [True, False])
def test_ten_megabytes_hear_that_they_are_too_large_while_they_come(served, peer, announced):
    body = bytes(10_000_000)
    if announced:
        peer.send(POST + b"Content-Length: %d\r\n\r\n" % len(body))
        peer.send(body)
    else:
        peer.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 50_000):
            peer.send(b"c350\r\n" + body[at:at + 50_000] + b"\r\n")
    answer = peer.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert answer.json["detail"] == f"a body has at most {limits.HTTP_BODY_BYTES} bytes"
    alive(served)


def test_what_came_before_a_fault_is_answered_first(served, peer):
    peer.send(HELD + GET + b"GET / nonsense\r\n\r\n")
    served.until(lambda: served.begun)
    served.free()
    assert [peer.answer().status for _ in range(3)] == [200, 200, 400]
    began = time.monotonic()
    assert served.context is not None or peer.ends()
    assert time.monotonic() - began < limits.LINGER_S / 2, "the end is heard with the answer"


@pytest.mark.parametrize("size", [65_536, 65_537, 1_999_999, 2_000_001])
def test_a_route_has_its_own_measure(peer, size):
    route = b"/imports" if size > 100_000 else b"/told"
    answer = peer.ask(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (route, size)
                      + b"a" * size)
    assert answer.status == (413 if size in {65_537, 2_000_001} else 200)


def test_a_body_in_single_bytes_is_the_same_body(peer):
    answer = peer.ask(b"POST /imports HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                      + b"1\r\na\r\n" * 65_536 + b"0\r\n\r\n")
    assert answer.json["body"] == "a" * 65_536


def test_nothing_of_a_request_is_kept_when_it_is_answered(served, peer):
    peer.ask(POST + b"Content-Length: 60000\r\n\r\n" + b"a" * 60_000)
    [connection] = served.server.connections
    reader = connection._reader
    assert (reader._body, reader._headers, reader._url) == (b"", {}, b"")


# What does not come.

@pytest.mark.parametrize("half", [
    b"G", GET[:-2], POST + b"Content-Length: 3\r\n\r\nab",
    POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", GET + b"P"])
def test_a_request_that_does_not_end_is_told_so(served, peer, half, monkeypatch):
    monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.3)
    if half.startswith(GET) and half != GET:
        assert peer.ask(half).status == 200
    else:
        peer.send(half)
    alive(served)
    answer = peer.answer()
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_byte_now_and_then_does_not_make_it_longer(peer, monkeypatch):
    monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.4)
    began = time.monotonic()
    peer.send(b"GET /told HTTP/1.1\r\nX: ")
    peer.socket.settimeout(0.02)
    while time.monotonic() - began < 5:
        peer.send(b"a")
        try:
            assert peer.answer().status == 408
            break
        except TimeoutError:
            continue
    assert time.monotonic() - began < 3


def test_a_peer_that_we_do_not_listen_to_is_not_called_slow(served, peer, monkeypatch):
    monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.4)
    monkeypatch.setattr(limits, "IN_FLIGHT_PER_CONNECTION", 2)
    peer.send(HELD + GET * 3 + GET[:9])
    time.sleep(0.8)
    served.free()
    assert [peer.answer().status for _ in range(4)] == [200] * 4
    time.sleep(0.15)
    assert peer.ask(GET[9:]).status == 200


def test_who_says_nothing_for_long_is_let_go_and_who_waits_for_us_is_not(served, monkeypatch):
    monkeypatch.setattr(limits, "IDLE_CONNECTION_TIMEOUT_S", 0.4)
    with served.peer() as idle, served.peer() as waits:
        waits.send(HELD)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):  # over TLS it is the harder word
            assert idle.ends()
        assert 0.3 < time.monotonic() - began < 3
        time.sleep(0.4)
        served.free()
        assert waits.answer().status == 200


# What is not read.

def test_a_peer_that_does_not_read_holds_one_answer_and_nobody_else(served, monkeypatch):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with served.peer(SO_RCVBUF=4_096) as deaf:
        deaf.send(large(30_000_000) * 20)
        time.sleep(0.5)
        alive(served)
        [connection] = [one for one in served.server.connections if one._waiting]
        assert connection._transport.get_write_buffer_size() < 1_000_000
        assert len(connection._waiting) == 19
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
        monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.3)
        served.until(lambda: not served.server.connections)
    gc.collect()


@pytest.mark.parametrize("ask", [large(12_000_000), large(12_000_000).replace(
    b"Host: x", b"Host: x\r\nConnection: close")])
def test_who_reads_slowly_gets_all_of_it(served, ask, monkeypatch):
    monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.4)
    with served.peer(SO_RCVBUF=16_384) as slow:
        slow.send(ask)
        had, began = 0, time.monotonic()
        while time.monotonic() - began < 2:
            had += len(slow.socket.recv(8_192))
            time.sleep(0.02)
        assert had < 2_000_000, "it was to be slow"
        while had < 12_000_000:
            part = slow.socket.recv(65_536)
            assert part, f"cut after {had}"
            had += len(part)


def test_a_peer_that_goes_in_the_middle_of_an_answer_disturbs_nobody(served):
    for _ in range(10):
        with served.peer(SO_RCVBUF=4_096) as gone:
            gone.send(large(5_000_000) * 3)
            gone.socket.recv(100)
            gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    alive(served)
    served.until(lambda: not served.server.connections)


# Ends.

def test_a_half_closed_peer_hears_the_answers(served, peer):
    if served.context is not None:
        pytest.skip("TLS of this Python has no half-closed connections")
    peer.send(HELD + GET + large(3_000_000) + GET)
    peer.socket.shutdown(socket.SHUT_WR)
    time.sleep(0.1)
    served.free()
    assert [peer.answer().status for _ in range(4)] == [200] * 4
    assert peer.ends()


def test_a_half_closed_peer_in_the_middle_of_a_request_is_let_go(served, peer):
    if served.context is not None:
        pytest.skip("TLS of this Python has no half-closed connections")
    assert peer.ask(GET + GET[:7]).status == 200
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.ends()


def test_what_comes_after_the_last_request_is_not_answered(peer, monkeypatch):
    monkeypatch.setattr(limits, "LINGER_S", 0.3)
    answer = peer.ask(LAST + GET * 3)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    with pytest.raises((ConnectionError, Gone)):
        peer.ask(GET * 2_000)


def test_one_connection_too_many_is_closed_and_a_place_that_is_free_is_given(served, monkeypatch):
    monkeypatch.setattr(limits, "CONNECTIONS_PER_DOOR", 2)
    with served.peer() as one, served.peer() as two:
        assert [each.ask(GET).status for each in (one, two)] == [200, 200]
        with pytest.raises((OSError, Gone)), served.peer() as third:
            third.ask(GET)
        one.close()
        served.until(lambda: len(served.server.connections) == 1)
        alive(served)
        assert two.ask(GET).status == 200


def test_a_closing_server_answers_what_it_has_and_then_closes(served):
    with served.peer() as busy, served.peer() as idle, served.peer() as half, \
            served.peer(SO_RCVBUF=16_384) as slow:
        assert idle.ask(GET).status == 200
        assert half.ask(GET + POST).status == 200
        slow.send(large(12_000_000))
        busy.send(HELD + GET)
        served.until(lambda: served.begun)
        ended = threading.Thread(target=lambda: served.run(served.server.close()))
        ended.start()
        assert idle.ends()
        assert half.ends()
        with pytest.raises(ConnectionRefusedError):
            Peer(served.port)
        served.free()
        assert [busy.answer() for _ in range(2)][1].headers["connection"] == "close"
        assert busy.ends()
        assert len(slow.answer().body) == 12_000_000
        ended.join(10)
        served.until(lambda: not served.server.connections)


def test_a_connection_that_says_nothing_costs_little(served):
    if served.context is not None:
        pytest.skip("most of it would be TLS's own")
    gc.collect()
    before = _resident()
    peers = [Peer(served.port) for _ in range(300)]
    for each in peers:
        each.ask(POST + b"Content-Length: 50000\r\n\r\n" + bytes(50_000))
    gc.collect()
    grown = (_resident() - before) / len(peers)
    for each in peers:
        each.close()
    assert grown < 30_000, f"{grown:.0f} bytes each, both ends"


def _resident():
    with open("/proc/self/statm", encoding="ascii") as status:
        return int(status.read().split()[1]) * resource.getpagesize()
