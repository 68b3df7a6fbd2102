"""Payments as they are told to phones, merchants and pages that listen, on this host or another."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from authhost.journal.entry import JournalUnavailable
from authhost.payments.life import Event, State
from authhost.payments.ports import Told
from tests.support.payments import CALLER, together
from tests.support.phone_streams import Phones, until
from tests.support.rig import running


@pytest.fixture(scope="module")
def phones(servers):
    with running(servers) as rig:
        made = Phones(rig)
        yield made
        made.close()


@pytest.fixture
def phone(phones):
    return phones.shop.phone()


def spoken(signer, asked, decision="approve"):
    return signer.word(asked.shown, decision)


def opened(phones, signer, *payments):
    """The phone shows them, all at once."""
    async def shown():
        for asked in payments:
            phones.hub.opened(asked, signer.number)

    phones.rig.run(shown())


def listen(phones, path):
    """A stream that stays open while the test does other things."""
    stream = phones.stream(path)
    return phones.rig.run(stream.__aenter__()), stream


@pytest.fixture
def listens(phones):
    """Open streams by their path; closed after the test."""
    streams = []

    def one(path):
        stream, context = listen(phones, path)
        streams.append(context)
        return stream

    yield one
    for context in streams:
        phones.rig.run(context.__aexit__(None, None, None))


def test_a_payment_as_its_payer_and_its_merchant_hear_it(phones, phone, listens):
    rings = listens(f"/v1/phones/{phone.number}/events")
    merchant = listens("/ours/merchants/SHOP")
    run, shop = phones.rig.run, phones.shop
    assert phones.hub.is_here(phone.number)
    assert not phones.other.is_here(phone.number)
    asked = shop.ask(phone)
    first = run(rings.next())
    assert (first.kind, first.event_id) == ("payment", f"{asked.payment_id}.1")
    assert first.data == {
        "id": asked.payment_id, "state": "CREATED", "reason": "", "version": 1,
        "merchant_id": "SHOP", "payee": asked.payee, "amount_minor": 1_250, "currency": "EUR",
        "purpose": "Roses", "reference": "R-1", "nonce": asked.nonce, "sandbox": False,
        "created_at": first.data["created_at"], "expires_at": first.data["expires_at"]}
    phones.settled(asked, State.SENT)
    opened(phones, phone, asked)
    phones.settled(asked, State.OPENED)
    shop.say(asked, spoken(phone, asked))
    assert run(rings.next()).state == "SIGNED"
    run(shop.payments.paid(asked, phone.account_id, "ACSC"))
    paid = run(rings.next())
    assert (paid.state, paid.event_id) == ("CAPTURED", f"{asked.payment_id}.5")
    heard = run(merchant.until("CAPTURED"))
    assert [one.state for one in heard] == ["CREATED", "SENT", "OPENED", "SIGNED", "CAPTURED"]
    assert [one.data["version"] for one in heard] == [1, 2, 3, 4, 5]
    assert heard[-1].data["captured_minor"] == 1_250
    assert heard[-1].data["paid_at"] is not None
    assert shop.changes(asked) == [
        ("create", "", "created"), ("notify", "created", "sent"), ("open", "sent", "opened"),
        ("sign", "opened", "signed"), ("pay", "signed", "captured")]


def test_a_page_hears_one_payment_first_as_it_is(phones, phone, listens):
    asked, other = phones.shop.ask(phone), phones.shop.ask(phone)
    page = listens(f"/ours/payments/{asked.payment_id}")
    assert phones.rig.run(page.next()).state == "CREATED"
    phones.rig.run(phones.shop.payments.cancel(CALLER, other.payment_id))
    phones.shop.say(asked, spoken(phone, asked, "refuse"))
    told = phones.rig.run(page.next())
    assert (told.data["id"], told.state) == (asked.payment_id, "DECLINED_BY_PAYER")


def test_other_hosts_hear_it_too(phones, phone, listens):
    run, shop = phones.rig.run, phones.shop
    rings = listens(f"/theirs/phones/{phone.number}")
    merchant = listens("/theirs/merchants/SHOP")
    asked = shop.ask(phone)
    assert run(rings.next()).event_id == f"{asked.payment_id}.1"
    assert run(merchant.next()).state == "CREATED"
    phones.settled(asked, State.SENT)  # by the host that has the stream
    shop.say(asked, spoken(phone, asked))
    assert run(rings.next()).state == "SIGNED"
    run(shop.payments.failed(asked, phone.account_id, "AM04", "no_funds"))
    failed = run(rings.next())
    assert (failed.state, failed.data["reason"]) == ("DECLINED", "no_funds")
    # SENT is told by the host that wrote it, so the two may come in one event.
    heard = run(merchant.until("DECLINED"))
    assert [one.data["version"] for one in heard] == \
        sorted({one.data["version"] for one in heard})


@pytest.mark.parametrize("host", ["ours", "theirs"])
def test_what_only_the_merchant_hears_takes_nothing_from_the_phone(phones, phone, listens, host):
    """SENT is no news to a phone; told in one turn with SIGNED, the phone hears it all the same."""
    asked = phones.shop.ask(phone)
    phones.rig.run(phones.hub._saying.close())
    phones.rig.run(asyncio.sleep(0.1))  # the other host has heard of it, and nobody was there
    rings, _ = listens(f"/{host}/phones/{phone.number}"), listens(f"/{host}/merchants/SHOP")

    async def in_one_turn():
        for state in (State.SIGNED, State.SENT):
            phones.hub.tell(Told(asked, state, "", 0, phone.number))

    phones.rig.run(in_one_turn())
    assert phones.rig.run(rings.next()).data["id"] == asked.payment_id


def test_a_lost_channel_is_found_again(phones, phone, listens):
    rings = listens(f"/theirs/phones/{phone.number}")
    phones.rig.redis("CLIENT", "KILL", "TYPE", "pubsub")

    async def lost():
        return not phones.other.others.listens

    async def found():
        return phones.other.others.listens

    phones.rig.run(until(lost))
    phones.rig.run(until(found))
    asked = phones.shop.ask(phone)
    assert phones.rig.run(rings.next()).data["id"] == asked.payment_id


def test_what_no_host_says_is_not_heard(phones, phone, listens):
    rings = listens(f"/theirs/phones/{phone.number}")
    for noise in (b"", b"{}", b"\xff", b'["x",[["a"]]]', b'["ours",[["a","b","c"]]]'):
        phones.rig.redis("PUBLISH", f"test:{phones.rig.settings.database_url}", noise)
    asked = phones.shop.ask(phone)
    assert phones.rig.run(rings.next()).data["id"] == asked.payment_id


def test_nobody_hears_anothers(phones, phone, listens):
    rings = listens(f"/v1/phones/{phones.shop.phone().number}/events")
    merchant = listens("/ours/merchants/OTHER")
    asked = phones.shop.ask(phone)
    phones.shop.say(asked, spoken(phone, asked))
    assert phones.rig.run(together(rings.silent(), merchant.silent())) == [True, True]
    assert phones.shop.changes(asked)[1][0] == "sign", "nobody was there to be notified"


def test_who_signs_what_named_nobody_hears_the_end(phones, phone, listens):
    rings = listens(f"/v1/phones/{phone.number}/events")
    asked = phones.shop.ask()
    phones.shop.say(asked, spoken(phone, asked))
    assert phones.rig.run(rings.next()).state == "SIGNED"
    phones.rig.run(phones.shop.payments.paid(asked, phone.account_id, "ACSC"))
    assert phones.rig.run(rings.next()).state == "CAPTURED"


def test_a_phones_move_never_leads_back(phones, phone):
    """Whatever comes first of a word and a phone's moves: the word stands, the story goes on."""
    run, shop, moves = phones.rig.run, phones.shop, phones.hub.moves
    rounds = list(itertools.product((Event.NOTIFY, Event.OPEN), ("approve", "refuse"), range(5)))
    for event, decision, _ in rounds:
        asked = shop.ask(phone)
        written = moves._write({asked.payment_id: (asked, event, phone.number)})
        said = shop.payments.word(asked.payment_id, spoken(phone, asked, decision))
        assert not [one for one in run(together(written, said))
                    if isinstance(one, BaseException)]
        final = State.SIGNED if decision == "approve" else State.DECLINED_BY_PAYER
        assert shop.now(asked).now.state is final
        for late in (Event.NOTIFY, Event.OPEN):
            run(moves._write({asked.payment_id: (asked, late, phone.number)}))
        assert shop.now(asked).now.state is final
        changes = shop.changes(asked)
        assert [before for _, before, _ in changes[1:]] == [after for _, _, after in changes[:-1]]
        assert shop.now(asked).now.version == len(changes)


def test_opened_is_not_sent_again(phones, phone):
    asked = phones.shop.ask(phone)
    opened(phones, phone, asked)
    phones.settled(asked, State.OPENED)
    for event in (Event.NOTIFY, Event.OPEN):
        phones.rig.run(phones.hub.moves._write({asked.payment_id: (asked, event, phone.number)}))
    assert phones.shop.changes(asked)[1:] == [("open", "created", "opened")]


def test_many_moves_are_one_statement(phones, phone):
    asked = [phones.shop.ask(phone) for _ in range(30)]

    opened(phones, phone, *asked)
    for one in asked:
        phones.settled(one, State.OPENED)
    [row] = phones.rig.sql(
        "SELECT count(DISTINCT xmin::text) AS written, count(DISTINCT who) AS people FROM "
        "payment_change WHERE event = 'open' AND payment_id = ANY ($1)",
        [one.payment_id for one in asked])
    assert tuple(row) == (1, 1)


def test_what_has_ended_is_not_moved_at_all(phones, phone, monkeypatch):
    written = []
    monkeypatch.setattr(phones.hub.moves._gathering, "_work", lambda moves: _noted(written, moves))
    asked, waits = phones.shop.ask(phone), phones.shop.ask(phone)

    async def both():
        phones.hub.opened(asked, phone.number)
        phones.hub.opened(waits, phone.number)
        await phones.shop.payments.cancel(CALLER, asked.payment_id)
        await asyncio.sleep(0.1)

    phones.rig.run(both())
    assert [list(moves) for moves in written] == [[waits.payment_id]]


async def _noted(written, moves):
    written.append(moves)


def test_without_a_database_changes_are_lost_and_nothing_else(phones, phone, listens, monkeypatch):
    page = listens("/ours/merchants/SHOP")
    asked = phones.shop.ask(phone)
    assert phones.rig.run(page.next()).state == "CREATED"

    async def away(_):
        raise JournalUnavailable("away")

    lost = phones.hub._reading.lost
    with monkeypatch.context() as patch:
        patch.setattr(phones.hub.moves, "read", away)
        phones.shop.say(asked, spoken(phone, asked, "refuse"))
        assert phones.rig.run(page.silent())
    assert phones.hub._reading.lost == lost + 1
    phones.shop.ask(phone)
    assert phones.rig.run(page.next()).state == "CREATED"
