"""The bytes of an answer: RFC 9112, and what must not be in a header."""

import pytest

from authhost.doors.problems import ProblemError
from authhost.doors.response import Response

DATE = b"date: Thu, 23 Jul 2026 10:11:12 GMT\r\n"


def said(response, **more):
    """(the first line, headers, body)."""
    head, _, body = response.encode(DATE, **more).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    return first, headers, body


def test_an_answer_has_its_length_type_and_date():
    first, headers, body = said(Response("č", media_type="text/plain"))
    assert (first, body) == ("HTTP/1.1 200 OK", "č".encode())
    assert headers == {"content-length": "2", "content-type": "text/plain",
                       "date": "Thu, 23 Jul 2026 10:11:12 GMT"}


def test_without_a_body_the_length_is_said_all_the_same():
    assert said(Response())[1]["content-length"] == "0"


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_neither_length_nor_body(status):
    first, headers, body = said(Response(b"not to be sent", status))
    assert (first.split()[1], body) == (str(status), b"")
    assert "content-length" not in headers


def test_head_has_the_length_of_what_is_not_sent():
    _, headers, body = said(Response(b"1234"), head=True)
    assert (headers["content-length"], body) == ("4", b"")


@pytest.mark.parametrize("close", [True, False])
def test_the_end_of_a_connection_is_said(close):
    assert said(Response(), close=close)[1].get("connection") == ("close" if close else None)


@pytest.mark.parametrize("value", [
    "a\r\nSet-Cookie: b", "a\nb", "a\rb", "\0", "a\x0bb", "a\x7f", "č", "\r", "a\n"])
def test_a_header_that_could_begin_a_line_is_never_sent(value):
    with pytest.raises(ValueError, match=r"header|latin-1"):
        Response(headers={"Location": value}).encode(DATE)


@pytest.mark.parametrize("value", ["", "a\tb", "é", "/v1/safes/a%0D%0A", "W/\"1\""])
def test_other_headers_are_sent_as_they_are(value):
    assert said(Response(headers={"Location": value}))[1]["Location"] == value


def test_a_status_without_a_name_is_sent_too():
    assert said(Response(status_code=299))[0] == "HTTP/1.1 299 "


def test_headers_of_one_answer_are_not_anothers():
    given = {"X": "a"}
    one, two = Response(headers=given), Response(headers=given)
    one.headers["Y"] = "b"
    assert (two.headers, given) == ({"X": "a"}, {"X": "a"})


def test_a_problem_is_a_response():
    problem = ProblemError(503, "Busy", "try again", retry_after_s=1).response()
    first, headers, body = said(problem)
    assert first == "HTTP/1.1 503 Service Unavailable"
    assert (headers["Retry-After"], headers["content-type"]) == ("1", "application/problem+json")
    assert b'"urn:authhost:problem:busy"' in body
