"""What a request is, byte by byte: RFC 9112 at the JSON door, and what could be read in two ways.

Over plain TCP and mutual TLS, on the loop of the host and on the one of most tests.
"""

import time

import pytest

from authhost import limits
from tests.support.http_peer import Served, files, new_loop

pytestmark = [pytest.mark.invariant(14)]
POST = b"POST /told HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return files(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module", params=["uvloop", "asyncio", "uvloop-tls", "asyncio-tls"])
def served(request, made):
    kind, _, tls = request.param.partition("-")
    running = Served(new_loop(kind), made if tls else None)
    yield running
    running.stop()


@pytest.fixture
def peer(served):
    with served.peer() as one:
        yield one


def post(body, *headers, path=b"/told"):
    return b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s" % (
        path, len(body), b"".join(b"%s\r\n" % line for line in headers), body)


def test_a_connection_is_kept_and_every_answer_has_its_length_and_date(peer):
    for number in range(3):
        answer = peer.ask(post(b"%d" % number, b"Idempotency-Key: k%d" % number))
        assert (answer.status, answer.json["body"]) == (200, str(number))
        assert answer.json["key"] == f"k{number}"
        assert answer.headers["date"].endswith(" GMT")
        assert "connection" not in answer.headers


@pytest.mark.parametrize("size", [1, 7])
def test_piece_by_piece_is_the_same_as_all_at_once(peer, size):
    data = post(b"{}" * 20, b"Idempotency-Key: k") + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + GET
    for at in range(0, len(data), size):
        peer.send(data[at:at + size])
    assert peer.answer().json["body"] == "{}" * 20
    assert peer.answer().json["body"] == "abc"
    assert peer.answer().json["method"] == "GET"


def test_requests_in_one_segment_are_answered_in_their_order(peer):
    peer.send(b"".join(post(b"%d" % number) for number in range(500)))
    assert [peer.answer().json["body"] for _ in range(500)] == [str(n) for n in range(500)]


def test_empty_lines_before_a_request_are_passed_over(peer):
    assert peer.ask(b"\r\n\r\n" + GET).status == 200
    assert peer.ask(b"\r\n" + GET).status == 200


def test_chunks_are_one_body_and_nothing_behind_it_changes_its_head(peer):
    answer = peer.ask(POST + b"Idempotency-Key: k\r\nTransfer-Encoding: Chunked\r\n\r\n"
                      b"2;note=1\r\nab\r\n0001\r\nc\r\n0\r\nIdempotency-Key: other\r\n"
                      b"Authorization: Bearer b\r\n\r\n")
    assert (answer.json["body"], answer.json["key"]) == ("abc", "k")
    assert "authorization" not in answer.json["headers"]


@pytest.mark.parametrize("bad", [
    b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"Content-Length: 3, 3\r\n\r\nabc", b"Content-Length: +3\r\n\r\nabc",
    b"Content-Length: -3\r\n\r\nabc", b"Content-Length: 0x3\r\n\r\nabc",
    b"Content-Length: 3_0\r\n\r\nabc", b"Content-Length: \r\n\r\nabc",
    b"Content-Length: 9" + b"9" * 40 + b"\r\n\r\n", b"Content-Length : 3\r\n\r\nabc",
    b"Content-Length:\r\n 3\r\n\r\nabc", b"X: a\r\n b\r\n\r\n", b"X: a\r\n\tb\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", b"Transfer-Encoding:\r\n\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding : chunked\r\n\r\n",
    b"X: a\n\r\n", b"X: a\rY: b\r\n\r\n", b"X: a\x00b\r\n\r\n", b"X: a\x7f\r\n\r\n",
    b"X\x00: a\r\n\r\n", b"X y: a\r\n\r\n", b": a\r\n\r\n", b"X\r\n\r\n", b" X: a\r\n\r\n",
    b"Host: y\r\n\r\n", b"Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n",
    b"authorization: a\r\nAUTHORIZATION: b\r\n\r\n",
])
def test_a_head_that_could_be_read_in_two_ways_is_not_read(peer, bad):
    answer = peer.ask(POST + bad + GET)
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("bad", [
    b"3\nabc\n0\n\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n",
    b"3 \r\nabc\r\n0\r\n\r\n", b"3;a=\nb\r\nabc\r\n0\r\n\r\n", b"3\r\nabcX\r\n0\r\n\r\n",
    b"F" * 17 + b"\r\nabc\r\n0\r\n\r\n", b"\r\n\r\n", b"3\r\nabc\r\n0\r\nContent-Length: 7\r\n\r\n",
])
def test_chunks_that_could_be_read_in_two_ways_are_not_read(peer, bad):
    answer = peer.ask(CHUNKED + bad + GET)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


@pytest.mark.parametrize(("line", "status"), [
    (b"GET /told HTTP/1.1\r\n\r\n", 400),  # whose host?
    (b"GET /told HTTP/1.1\nHost: x\n\n", 400), (b"GET /told HTTP/1.2\r\nHost: x\r\n\r\n", 400),
    (b"GET /told\r\n\r\n", 505), (b"GET /told HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"GET /told http/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET told HTTP/1.1\r\nHost: x\r\n\r\n", 400), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"DANCE /told HTTP/1.1\r\nHost: x\r\n\r\n", 501), (b"\x16\x03\x01\x02\x00\x01", 501),
    (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\nabc", 501),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"POST /told HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
])
def test_a_line_that_is_not_ours_to_answer_is_refused_by_name(peer, line, status):
    answer = peer.ask(line)
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert answer.json["status"] == status


@pytest.mark.parametrize(("target", "status"), [
    (b"http://x/told?a=1", 200), (b"http://elsewhere/told", 200), (b"HTTP://x:80/told", 200),
    (b"http://x", 404), (b"*", 404), (b"*/told", 404), (b"//told", 404), (b"/told/", 404),
    (b"/./told", 404), (b"/%74old", 200), (b"/%2Ftold", 404), (b"/told%00", 404),
    (b"/told%ff", 404), (b"/told%", 404), (b"/%", 404), (b"/", 404), (b"/{}/x", 404),
    (b"/told?", 200), (b"/told#there", 200), (b"/told?a#b", 200), (b"/named/", 404),
    (b"/named/%ff", 404),
])
def test_targets(peer, target, status):
    for method in (b"GET", b"HEAD"):
        answer = peer.ask(b"%s %s HTTP/1.1\r\nHost: x\r\n\r\n" % (method, target),
                          head=method == b"HEAD")
        assert answer.status == status


@pytest.mark.parametrize(("segment", "name"), [
    (b"a%2Fb", "a/b"), (b"%C4%8D", "č"), (b"{}", "{}"), (b"%7B%7D", "{}"), (b"{name}", "{name}"),
    (b"a+b", "a+b"), (b"%zz", "%zz"), (b"..", ".."), (b"a;b=c", "a;b=c"), (b"%00", "\0"),
    (b"ALL", "ALL"), (b"a%3Fb%23", "a?b#"), (b"%2525", "%25"),
])
def test_a_segment_is_one_name(peer, segment, name):
    answer = peer.ask(b"GET /named/%s HTTP/1.1\r\nHost: x\r\n\r\n" % segment)
    assert answer.json["path"] == {"name": name}


@pytest.mark.parametrize(("query", "meant"), [
    (b"a=1&b=", {"a": "1", "b": ""}), (b"a=1&a=2", {"a": "2"}), (b"&&=&a", {"": "", "a": ""}),
    (b"a=%00%ff", {"a": "\0\ufffd"}), (b"a=b+c%2B", {"a": "b c+"}), (b"a=1;b=2", {"a": "1;b=2"}),
    (b"a?b=/c", {"a?b": "/c"}), (b"%", {"%": ""}),
])
def test_queries(peer, query, meant):
    answer = peer.ask(b"GET /told?%s HTTP/1.1\r\nHost: x\r\n\r\n" % query)
    assert answer.json["query"] == meant


def test_options_and_methods_that_a_path_does_not_take(peer):
    assert peer.ask(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").status == 404
    for method in (b"OPTIONS", b"DELETE", b"TRACE"):
        answer = peer.ask(b"%s /told HTTP/1.1\r\nHost: x\r\n\r\n" % method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    answer = peer.ask(b"HEAD /imports HTTP/1.1\r\nHost: x\r\n\r\n", head=True)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert peer.ask(GET).status == 200


def test_head_has_the_length_of_what_it_does_not_send_and_204_has_neither(peer):
    answer = peer.ask(b"HEAD /large/1234 HTTP/1.1\r\nHost: x\r\n\r\n", head=True)
    assert (answer.status, answer.headers["content-length"]) == (200, "1234")
    answer = peer.ask(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status, "content-length" in answer.headers) == (204, False)
    assert peer.ask(GET).status == 200


def test_spaces_around_a_value_are_not_of_it_and_other_headers_may_come_twice(peer):
    told = peer.ask(POST + b"Idempotency-Key: \t k \t \r\nX: a\r\nx: b\r\n"
                    b"Content-Length: 0 \r\n\r\n").json
    assert (told["key"], told["headers"]["x"]) == ("k", "a, b")


def test_http_1_0_is_answered_and_closed(peer):
    answer = peer.ask(b"GET /told HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GET)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert peer.ends()


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
@pytest.mark.parametrize("body", [b"Content-Length: 3\r\n\r\nabc",
                                  b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"])
@pytest.mark.parametrize("size", [1, 1_000])
def test_another_protocol_is_not_taken_up_and_the_request_is_answered(peer, upgrade, body, size):
    data = (POST + b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"
            b"Idempotency-Key: k\r\nUpgrade: " + upgrade + b"\r\n" + body)
    for at in range(0, 2 * len(data), size):
        peer.send((data + data)[at:at + size])
    for _ in range(2):
        told = peer.answer().json
        assert (told["body"], told["key"], told["method"]) == ("abc", "k", "POST")
    assert peer.ask(GET).status == 200


def test_who_waits_to_be_told_is_told_and_http_1_0_is_not(peer):
    waiting = POST + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
    assert peer.ask(waiting).status == 100
    assert peer.ask(b"abc").json["body"] == "abc"
    peer.send(GET + waiting)  # its turn comes after the first is answered
    assert [peer.answer().status for _ in range(2)] == [200, 100]
    assert peer.ask(b"abc").json["body"] == "abc"
    huge = POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    assert peer.ask(huge).status == 413


def test_http_1_0_expects_nothing(peer):
    answer = peer.ask(b"POST /told HTTP/1.0\r\nExpect: 100-continue\r\n"
                      b"Content-Length: 3\r\n\r\nabc")
    assert (answer.status, answer.json["body"]) == (200, "abc")


@pytest.mark.parametrize("head", [
    b"GET /" + b"a" * 20_000, POST + b"X: " + b"a" * 20_000,
    POST + b"a" * 20_000 + b": b\r\n",
    POST + b"".join(b"X%d: a\r\n" % number for number in range(3_000)),
    CHUNKED + b"1;" + b"a" * 20_000, CHUNKED + b"1\r\na\r\n0\r\nX: " + b"a" * 20_000])
@pytest.mark.parametrize("size", [997, 100_000])
def test_a_head_too_large_is_refused_before_it_ends(peer, head, size):
    for at in range(0, len(head), size):
        peer.send(head[at:at + size])
        time.sleep(0.001)
    for _ in range(2):  # whose first read had all of it: only then more is heard
        peer.send(b"a" * 20_000)
        time.sleep(0.02)
    answer = peer.answer()
    assert (answer.status, answer.headers["connection"]) == (431, "close")


def test_a_head_too_large_that_comes_whole_is_refused_too(peer):
    line = b"X: " + b"a" * 1_000 + b"\r\n"
    assert peer.ask(POST + line * 10 + b"\r\n").status == 200
    assert peer.ask(POST + line * 20 + b"\r\n").status == 431


def test_an_endless_line_is_not_gathered(peer):
    """The parser keeps a line until it ends, and tells nobody."""
    peer.send(POST + b"X: ")
    for _ in range(40):
        peer.send(b"a" * limits.HTTP_HEAD_BYTES)
    assert peer.answer().status == 431


def test_a_bug_shows_nothing_of_its_inside_and_the_connection_lives(peer):
    answer = peer.ask(b"GET /bug HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 500
    assert b"inside" not in answer.body
    assert peer.ask(GET).status == 200


@pytest.mark.parametrize("value", [b"%0d%0aSet-Cookie:%20a", b"a%00", b"a%0a", b"%7f",
                                   b"%C4%8D"])
def test_an_answer_whose_header_would_begin_a_line_is_not_sent(peer, value):
    answer = peer.ask(b"GET /header?to=%s HTTP/1.1\r\nHost: x\r\n\r\n" % value)
    assert (answer.status, "set-cookie" in answer.headers) == (500, False)
    assert peer.ask(b"GET /header?to=/a%09b HTTP/1.1\r\nHost: x\r\n\r\n").status == 201
