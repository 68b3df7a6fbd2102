"""Paths to rows: literals before names, one segment a name, and no way around a template."""

import random

import pytest

from authhost.doors.routes import Routes

ROWS = [("GET", "/healthz", "health"), ("POST", "/v1/safes/{safe}/shifts", "open"),
        ("POST", "/v1/safes/{safe}/shifts/{shift}/close", "close"),
        ("GET", "/v1/safes/{safe}", "safe"), ("GET", "/v1/safes/full", "full"),
        ("POST", "/v1/safes/full/pickups", "pickups"), ("POST", "/v1/safes/{safe}", "change"),
        ("GET", "/", "root")]


@pytest.fixture
def routes():
    return Routes(ROWS)


def at(routes, method, path):
    """(what is there, the names and values); None: nothing at the path, or not by this method."""
    found = routes.find(method, path)
    return None if found is None or found.there is None else (found.there, found.values)


@pytest.mark.parametrize(("method", "path", "there"), [
    ("GET", "/healthz", ("health", {})),
    ("GET", "/", ("root", {})), ("GET", "/v1/safes/S1", ("safe", {"safe": "S1"})),
    ("POST", "/v1/safes/S1/shifts/20260101-1/close",
     ("close", {"safe": "S1", "shift": "20260101-1"})),
    ("GET", "/v1/safes/full", ("full", {})),
    ("POST", "/v1/safes/full/shifts", ("open", {"safe": "full"})),
    ("POST", "/v1/safes/full/pickups", ("pickups", {})),
    ("GET", "/v1/safes/%66ull", ("full", {})),
    ("GET", "/v1/safes/a%2Fb", ("safe", {"safe": "a/b"})),
    ("GET", "/v1/safes/%2e%2e", ("safe", {"safe": ".."})),
    ("GET", "/v1/safes/{}", ("safe", {"safe": "{}"})),
    ("GET", "/v1/safes/{safe}", ("safe", {"safe": "{safe}"})),
    ("GET", "/v1/safes/%7B%7D", ("safe", {"safe": "{}"})),
    ("GET", "/v1/safes/%C5%BD", ("safe", {"safe": "Ž"})),
    ("GET", "/v1/safes/%zz%", ("safe", {"safe": "%zz%"})),
])
def test_what_is_at_a_path(routes, method, path, there):
    assert at(routes, method, path) == there


@pytest.mark.parametrize("path", [
    "", "*", "healthz", "*/healthz", "x/healthz", "//healthz", "/healthz/", "/HEALTHZ", "/v1",
    "/v1/safes", "/v1/safes/", "/v1/safes//shifts", "/v1%2Fsafes/S1", "/{}/safes/S1",
    "/%7B%7D/safes/S1", "/v1/safes/S1/shifts/", "/v1/../healthz", "/healthz%00", "/v1/safes/%ff",
    "/v1/safes/%C0%AF", "/v1/safes/%ED%A0%80", "/v1/safes/full/pickups/x", "/healthz;a",
    "/" * 9_000,
])
def test_where_nothing_is(routes, path):
    assert routes.find("GET", path) is None


def test_a_path_that_does_not_take_a_method_says_which_it_takes(routes):
    found = routes.find("DELETE", "/v1/safes/full")
    assert (found.there, sorted(found.methods)) == (None, ["GET", "POST"])
    assert sorted(routes.find("GET", "/v1/safes/S1/shifts").methods) == ["POST"]


def test_a_literal_that_takes_another_method_does_not_hide_a_name(routes):
    assert at(routes, "POST", "/v1/safes/full") == ("change", {"safe": "full"})
    assert at(routes, "GET", "/v1/safes/full") == ("full", {})


def test_a_row_twice_is_a_bug_of_ours():
    with pytest.raises(AssertionError, match="twice"):
        Routes([("GET", "/a/{b}", 1), ("GET", "/a/{c}", 2)])


def test_random_tables_against_a_plain_search():
    """Among the templates that match, the one whose first differing part is literal is meant."""
    source = random.Random(7)
    for _ in range(200):
        templates = sorted({
            "/" + "/".join(source.choices(["a", "b", "{x}"], k=source.randint(1, 4)))
            for _ in range(source.randint(1, 12))})
        routes = Routes([("GET", one, one) for one in templates])
        for _ in range(40):
            parts = source.choices(["a", "b", "c", "{}", "{x}"], k=source.randint(1, 4))
            fits = [one for one in templates if len(one.split("/")) == len(parts) + 1 and all(
                said in (part, "{x}") for said, part in zip(one.split("/")[1:], parts,
                                                            strict=True))]
            best = min(fits, key=lambda one: [part == "{x}" for part in one.split("/")],
                       default=None)
            found = at(routes, "GET", "/" + "/".join(parts))
            assert (found[0] if found else None) == best, (templates, parts)
