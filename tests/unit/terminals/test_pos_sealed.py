"""A terminal that proves what it says, and believes only what is proved to it."""

from __future__ import annotations

import asyncio

import pytest
from known_keys import IFSF, TMK, answer, proved, ready
from scripted_host import SALE, answer_to, scripted

from iso import Message
from iso.security import mac_of, read_control, with_room
from terminals.pin_pad import PinPad
from terminals.pos import KEY_CHANGE
from terminals.purchase import Card, Sale
from terminals.session_keys import BadKeys, SessionKeys, is_sealed
from terminals.store import OfflineStore


def test_every_message_is_sealed_and_its_answer_has_to_be() -> None:
    keys = ready(7)

    async def run() -> None:
        async with scripted(lambda message: [proved(answer_to(message), keys)],
                            keys=keys) as (pos, host):
            sold = await pos.sale(SALE)
            assert sold.approved_minor == 4_135
            await pos.reverse(sold)
            await pos.echo()
        assert len(host.seen) == 3
        for message in host.seen:
            assert is_sealed(IFSF.codec, IFSF.codec.encode(message), keys.sealing())
            control = read_control(IFSF.security, message.fields)
            assert (control.mac_scheme, control.mac_generation) == ("terminal", 7)

    asyncio.run(run())


@pytest.mark.parametrize("forged", [
    lambda message, _: message,
    lambda message, keys: proved(message, keys).fields | {39: "002"},
    lambda message, _: with_room(message)])
def test_an_answer_that_is_not_proved_is_none(forged) -> None:  # type: ignore[no-untyped-def]
    keys = ready()

    def answering(message: Message) -> list[Message]:
        made = forged(answer_to(message), keys)
        return [made if isinstance(made, Message) else Message("1210", made)]

    async def run() -> None:
        async with scripted(answering, keys=keys, store=OfflineStore()) as (pos, host):
            sold = await pos.sale(SALE)
        assert (sold.reply, sold.sent) == (None, 2)
        assert sold.reversal is not None
        assert len(pos.store or ()) == 1
        first, repeat = host.seen[:2]
        assert (repeat.mti, mac_of(repeat) != mac_of(first)) == ("1201", True)
        assert {n: v for n, v in repeat.fields.items() if n != 64} == {
            n: v for n, v in first.fields.items() if n != 64}
        assert "unexpected" in {entry.direction for entry in pos.record.entries}

    asyncio.run(run())


def test_new_keys_come_unsealed_and_seal_what_follows() -> None:
    keys, host_keys = SessionKeys(TMK), ready(3)

    def answering(message: Message) -> list[Message]:
        if message.text(24) != "811":
            return [proved(answer_to(message), host_keys)]
        plain = answer_to(message, "800")
        return [Message(plain.mti, plain.fields | {96: answer(3).encode()})]

    async def run() -> None:
        async with scripted(answering, keys=keys) as (pos, host):
            exchange = await pos.change_keys()
            assert (exchange.kind, keys.generation) == (KEY_CHANGE, 3)
            assert (await pos.sale(SALE)).approved_minor == 4_135
        assert mac_of(host.seen[0]) is None
        assert mac_of(host.seen[1]) is not None

    asyncio.run(run())


def test_a_key_change_that_brings_nothing() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message, "800")],
                            keys=SessionKeys(TMK)) as (pos, host):
            with pytest.raises(BadKeys):
                await pos.change_keys()
            host.answering = lambda message: [answer_to(message, "128")]
            refused = await pos.change_keys()
            assert refused.reply is not None
            assert refused.reply.action == "128"
        async with scripted(lambda _: []) as (pos, _):
            with pytest.raises(ValueError, match="master key"):
                await pos.change_keys()

    asyncio.run(run())


@pytest.mark.invariant(15)
def test_pin_and_track_go_with_the_question_and_into_no_store() -> None:
    keys = ready()
    card = Card.of_track("7801310000000000005=291220110000678")
    pin = PinPad(keys).encipher("4711", card.pan)
    sale = Sale(card, 4_135, chip=b"\x9f\x36\x02\x00\x01")

    async def run() -> None:
        store = OfflineStore()
        async with scripted(lambda message: [proved(answer_to(message), keys)], keys=keys,
                            store=store) as (pos, host):
            hold = await pos.preauthorize(sale, pin)
            await pos.complete(hold, sale)
            await pos.reverse(hold)
            pos.sell_offline(sale)
        asked, *told = host.seen
        assert (asked.text(35), asked.binary(52)) == (card.track_2, pin.block)
        assert (asked.text(22), 2 in asked.fields, asked.binary(55)) == (
            "B0010151314C", False, sale.chip)
        kept = store.first()
        assert kept is not None
        for message in (*told, kept.message):
            assert (message.text(2), message.text(14)) == (card.pan, "2912")
            assert {35, 52, 55, 125}.isdisjoint(message.fields)

    asyncio.run(run())
    assert card.track_2[20:] not in f"{card!r}{sale!r}{pin!r}"


@pytest.mark.parametrize("track", ["", "x=2912", "7801310000000000005=29", "7801310000000000005"])
def test_what_is_no_track(track: str) -> None:
    with pytest.raises(ValueError, match="no track 2"):
        Card.of_track(track)
