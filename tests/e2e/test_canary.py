"""A card number, its track and a PIN block down every path; then a search (invariant 15)."""

import base64
import os
import pwd
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from authhost import logs
from tests.support import web
from tests.support.rig import running
from tests.support.web import Web
from tests.support.wire import Wire, fields_of, stan

PIN_BLOCK = bytes.fromhex("a1b2c3d4e5f60718")
TRACK_TAIL = "=301220100001234567"


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",), http=True) as made:
        yield made


@pytest.fixture
def log():
    """What is logged, as an operator would keep it."""
    said = StringIO()
    with redirect_stderr(said):
        logs.configure("debug")
        yield said
    structlog.reset_defaults()


def over_iso(rig, card):
    """Approved, declined, malformed, parked, reversed, refused, undecodable."""
    secret = {35: card.pan + TRACK_TAIL, 45: "B" + card.pan, 52: PIN_BLOCK}
    sale = fields_of(card, 100) | secret
    offline = fields_of(card, 100) | secret
    messages = [
        ("1200", sale), ("1201", sale), ("1200", sale | {4: f"{200:012d}"}),
        ("1200", fields_of(card, 10_000) | secret), ("1420", sale | {11: stan(), 24: "400"}),
        ("1220", offline), ("1220", offline | {4: f"{300:012d}"}), ("1100", sale | {11: stan()}),
        ("1200", sale | {49: "999", 11: stan()}), ("1200", sale | {63: card.pan, 11: stan()}),
        ("1200", {**sale, 2: card.pan[:-1] + "7", 11: stan()}),
        ("1200", {**sale, 2: card.pan[:-1] + "7", 35: card.pan[:-1] + "7" + TRACK_TAIL,
                  11: stan()}),
        ("1200", {n: v for n, v in (sale | {11: stan()}).items() if n != 2}),
    ]

    async def run():
        wire = await Wire.connect(rig.ports["ifsf:0"])
        actions = [(await wire.ask(mti, fields)).fields[39] for mti, fields in messages]
        broken = wire.frame("1200", sale)
        await wire.send((len(broken) - 12).to_bytes(2, "big") + broken[2:-10])
        await wire.body()
        await wire.close()
        return actions

    return rig.run(run())


def over_http(rig, card):
    door = Web(rig)
    good = web.sale(card, 100)
    for body in (good, {**good, "amount_minor": 200}, {**good, "amount_minor": "x"},
                 {**good, "card": card.pan}, {**good, card.pan: 1}, web.sale(card, 10_000)):
        door.post("/v1/sales", body)
    door.post("/v1/sales", f'{{"card": {{"pan": "{card.pan}"'.encode())
    door.post("/v1/offline-sales", {**good, "amount_minor": 300})


def bugs(rig, card, monkeypatch):
    """A bug in the midst of a message: its traceback is logged."""
    async def broken(*_):
        raise RuntimeError(f"a bug that says {card.pan} and {card.pan[:6]} {card.pan[6:]}")
    monkeypatch.setattr(rig.host.authorizer, "authorize", broken)

    async def run():
        wire = await Wire.connect(rig.ports["ifsf:0"])
        await wire.send(wire.frame("1200", fields_of(card, 1) | {52: PIN_BLOCK}))
        await wire.send(wire.frame("1804", {7: "0723081112", 11: stan(), 24: "831"}))
        await wire.body()
        await wire.close()
    rig.run(run())
    monkeypatch.undo()


@pytest.mark.invariant(15)
def test_no_secret_is_at_rest_or_in_a_log(rig, log, monkeypatch, servers):
    card = rig.card(limits=[("transaction", "money", 5_000)])
    actions = over_iso(rig, card)
    assert {"000", "121", "400", "913", "904", "111"} <= set(actions)
    over_http(rig, card)
    bugs(rig, card, monkeypatch)
    assert rig.sql("SELECT count(*) AS n FROM parked")[0]["n"] >= 1
    wanted = [card.pan.encode(), card.pan.encode().hex().encode(), PIN_BLOCK,
              PIN_BLOCK.hex().encode(), base64.b64encode(PIN_BLOCK), TRACK_TAIL.encode()]

    rig.sql("CHECKPOINT")
    found = search(servers.directory / "postgres", wanted)
    assert found == []
    masked = f"{card.pan[:6]}{'*' * 8}{card.pan[-4:]}".encode()
    assert search(servers.directory / "postgres", [masked]), "the search finds what is there"

    for key in rig.redis("KEYS", "*"):
        dump = rig.redis("DUMP", key) or b""
        assert not [secret for secret in wanted if secret in key + dump]

    text = log.getvalue()
    assert "message failed" in text
    assert "Traceback" in text or "RuntimeError" in text
    for secret in (card.pan, PIN_BLOCK.hex(), TRACK_TAIL, f"{card.pan[:6]} {card.pan[6:]}"):
        assert secret not in text


def search(directory, wanted):
    """Files under a data directory that hold one of these, read as root or as their owner."""
    assert os.geteuid() in {0, pwd.getpwuid(directory.stat().st_uid).pw_uid}
    return [path for path in directory.rglob("*") if path.is_file()
            and any(secret in path.read_bytes() for secret in wanted)]
