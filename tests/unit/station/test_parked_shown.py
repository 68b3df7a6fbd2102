"""What people are shown of a parked row: what was said, and no keyed hash of a card."""

import base64
import json
from datetime import UTC, datetime

import msgspec

from authhost.doors.admin_stations import _shown
from authhost.model import CardRef, Kind, Request
from authhost.set_aside import content_of
from authhost.station.parked import Parked

HMAC = bytes(range(32))


def test_a_parked_row_is_shown_without_hashes():
    card = CardRef(HMAC, "780131******0001", "3012")
    request = Request(key="1/2", fingerprint=HMAC, kind=Kind.OFFLINE_SALE, door="ifsf",
                      terminal_id="POS1", deadline_us=0, amount_minor=7, card=card, second=card)
    row = Parked(id=1, parked_at=datetime.now(UTC), key="1/2", fingerprint=HMAC, why="x",
                 content=content_of(request, "x"), terminal_id="POS1")
    text = msgspec.json.encode(_shown(row)).decode()
    assert base64.b64encode(HMAC).decode() in row.content
    assert base64.b64encode(HMAC).decode() not in text
    told = json.loads(text)
    assert told["content"]["request"]["card"]["pan_masked"] == card.pan_masked
    assert (told["content"]["request"]["amount_minor"], told["why"]) == (7, "x")
