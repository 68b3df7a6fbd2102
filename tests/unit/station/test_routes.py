"""Who may speak for a terminal: over mutual TLS its own certificate alone, on every route."""

import asyncio

import pytest

from authhost.doors.call import Call
from authhost.doors.problems import ProblemError
from authhost.doors.station import StationRoutes

ENDPOINTS = StationRoutes(stations=None).endpoints()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
@pytest.mark.parametrize("certificate", ["POS00002", ""])
def test_a_certificate_names_the_terminal(endpoint, certificate):
    path = {"terminal_id": "POS00001", "date": "", "shift": "1"}
    call = Call(endpoint.method, path, b"{}", headers={}, certificate=certificate)
    with pytest.raises(ProblemError) as refused:
        asyncio.run(endpoint.handler(call))
    assert refused.value.status == 403


def test_what_is_of_its_moment_takes_no_key():
    assert [endpoint.keyed for endpoint in ENDPOINTS if endpoint.method == "POST"] == [False] * 3
