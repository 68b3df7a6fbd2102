"""The bytes of a catalogue: their shape and their sameness."""

import json
from datetime import UTC, datetime, timedelta, timezone

from authhost.station.content import Head, Home, Members, content, instant

AT = datetime(2026, 11, 22, 10, 0, 0, 999_999, tzinfo=UTC)
HEAD = Head("T01", Home("S1", "EUR", "", 24), 17, 16, AT)


def test_content_is_json_with_every_section():
    said = json.loads(content(HEAD, {"cards": Members('"A1":{"max":5}', '"B2","C3"')}))
    empty = {"put": {}, "drop": []}
    assert said == {
        "format": 1, "terminal_id": "T01", "site_id": "S1", "version": 17, "base": 16,
        "issued_at": "2026-11-22T10:00:00Z", "valid_until": "2026-11-23T10:00:00Z",
        "currency": "EUR",
        "sections": {"products": empty, "prices": empty, "blocklist": empty, "rules": empty,
                     "cards": {"put": {"A1": {"max": 5}}, "drop": ["B2", "C3"]}}}
    assert list(said["sections"]) == ["products", "prices", "cards", "blocklist", "rules"]


def test_the_order_of_sections_given_says_nothing():
    one = {"cards": Members('"A":1'), "rules": Members('"R":2')}
    assert content(HEAD, one) == content(HEAD, dict(reversed(one.items())))


def test_names_are_escaped():
    head = Head('T"\\é', Home("S1", "EUR", "", 1), 1, 0, AT)
    assert json.loads(content(head, {}))["terminal_id"] == 'T"\\é'


def test_instants_are_in_utc():
    assert instant(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-22T10:00:00Z"
