"""What races, losses and repeats could make of a proof: tries, cryptograms, generations of keys."""

import asyncio

import msgspec
import pytest

from authhost.model import Action, Evidence, Kind, PinBlock
from iso.security import read_key_change
from terminals import layout
from terminals.layout import Stamp
from terminals.pin_pad import PinPad
from terminals.session_keys import Sealing
from tests.e2e import test_proofs
from tests.e2e.test_key_change import ask_93, brought
from tests.e2e.test_proofs import AT, TERMINAL, ChipCard, try_pin
from tests.e2e.workshop import NOW, PIN, sale_of
from tests.support.rig import ask, many

rig, workshop, pos = test_proofs.rig, test_proofs.workshop, test_proofs.pos


def another(rig):
    """One more host; the terminals stay with the first."""
    ports, host = rig.ports, rig.start()
    rig.ports = ports
    return host


def proving(workshop, card, pin):
    """A PIN as a request brings it."""
    made = workshop.pad.encipher(pin, card.pan)
    return Evidence(card.pan, card.expiry,
                    PinBlock(made.block, made.format, made.scheme, made.generation))


def tries(rig, card):
    """(in the rows, what a fresh state makes of them)."""
    rows = rig.sql("SELECT coalesce(sum(pin_tries), 0)::int AS tries FROM journal"
                   " WHERE card_id = $1", card.card_id)[0]["tries"]
    return rows, rig.run(rig.host.sums.pin_tries(card.account_id, 1 << 40, card.card_id))


def compared(rig):
    """How many PINs the HSM has compared for this host."""
    return sum(count for (command, _), count in rig.host.hsm_pool.calls.items()
               if command == "EC")


@pytest.mark.invariant(3)
@pytest.mark.parametrize("first", ["0000", ""])
def test_under_one_number_one_pin_is_compared(rig, workshop, pos, first):
    """Neither time nor what the state holds meanwhile tells of a guess that is no try."""
    rig.sql("INSERT INTO program (program_id, pin_method, pin_required)"
            " VALUES ('NEEDED', 'pvv', true) ON CONFLICT DO NOTHING")
    card = workshop.card()
    rig.sql("UPDATE card SET program_id = 'NEEDED' WHERE card_id = $1", card.card_id)
    workshop.rig.sql("INSERT INTO hsm_key SELECT 'program/NEEDED/pvk', 1, usage, algorithm, block,"
                     " kcv FROM hsm_key WHERE name = 'program/FLEET/pvk' ON CONFLICT DO NOTHING")
    block = workshop.pad.encipher(first, card.pan) if first else None
    heard = rig.run(pos.sale(sale_of(card, 100), pin=block))
    assert heard.reply.reason == ("pin_wrong" if first else "pin_missing")
    asked, state = compared(rig), rig.redis("HGETALL", f"{{{card.account_id}}}")
    for pin in ("1111", "2222", "3333", "4444", PIN):
        guess = workshop.pad.encipher(pin, card.pan)
        again = layout.request("1200", "200", pos.terminal,
                               Stamp(heard.request.fields[11], NOW), sale_of(card, 100), guess)
        assert rig.run(pos.send("sale", again)).reply.raw == heard.reply.raw
    assert compared(rig) == asked
    assert rig.redis("HGETALL", f"{{{card.account_id}}}") == state


@pytest.mark.invariant(1)
def test_of_many_guesses_at_once_two_are_called_wrong(rig, workshop):
    card = workshop.card()
    other = another(rig)
    requests = [rig.request(Kind.SALE, card, 100, evidence=proving(workshop, card, f"{pin:04d}"))
                for pin in range(24)]

    async def storm():
        async def lose():
            for _ in range(4):
                await asyncio.sleep(0.01)
                await rig.host.state.call("DEL", f"{{{card.account_id}}}")
        answers, _ = await asyncio.gather(many([rig.host, other], requests), lose())
        return answers

    reasons = [getattr(answer, "reason", answer) for answer in rig.run(storm())]
    rig.run(other.stop())
    assert reasons.count("pin_wrong") == 2, reasons
    assert reasons.count("pin_tries") == 22
    assert tries(rig, card) == (3, 3)
    assert rig.sale(card, 100, evidence=proving(workshop, card, PIN)).reason == "pin_tries"


async def through(request, *hosts):
    """What a message hears at each host, all at once, in a dialect that tells no time."""
    replies = await asyncio.gather(*(
        host.authorizer.authorize(request, lambda answer: answer.reason.encode())
        for host in hosts))
    return [reply.body for reply in replies]


@pytest.mark.invariant(3)
def test_one_message_through_two_hosts_at_once_is_one_try(rig, workshop, pos):
    other = another(rig)
    held = []
    for _ in range(6):
        card = workshop.card()
        request = rig.request(Kind.SALE, card, 100, evidence=proving(workshop, card, "0000"))
        said = rig.run(through(request, rig.host, other))
        assert said == [b"pin_wrong"] * 2
        heard = try_pin(rig, workshop, pos, card, "0001")
        held.append((heard.action, heard.reason, tries(rig, card)))
    rig.run(other.stop())
    assert held == [(Action.WRONG_PIN, "pin_wrong", (2, 2))] * 6, "the second try, not the third"


def test_a_right_pin_sets_back_no_try_that_was_never_written(rig, workshop):
    """A wrong one is counted, a right one sets it back, and the wrong one's row is refused."""
    card = workshop.card()
    rig.sale(card, 1, evidence=proving(workshop, card, PIN))
    host = rig.host
    release, refuse = asyncio.Event(), asyncio.Event()
    put = host.append.put

    def held(item):
        if item.legs[0].reason != "pin_wrong" or item.legs[0].requested_minor != 13:
            return put(item)

        async def later():
            release.set()
            await refuse.wait()
            return await put(type(item)((item.legs[0]._replace(detail="no JSON"),), 0))
        return asyncio.ensure_future(later())

    async def race():
        host.append.put = held
        wrong = asyncio.ensure_future(ask(host, rig.request(
            Kind.SALE, card, 13, evidence=proving(workshop, card, "0000"))))
        await release.wait()
        right = await ask(host, rig.request(
            Kind.SALE, card, 1, evidence=proving(workshop, card, PIN)))
        refuse.set()
        await asyncio.gather(wrong, return_exceptions=True)
        host.append.put = put
        return right.reason

    assert rig.run(race()) == "approved"
    assert tries(rig, card) == (-1, 0)
    said = [rig.sale(card, 1, evidence=proving(workshop, card, "0000")).reason for _ in range(3)]
    assert said == ["pin_wrong", "pin_wrong", "pin_tries"]
    assert tries(rig, card) == (2, 3)


def test_a_number_that_was_used_costs_no_cryptogram(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    assert card.sell(pos, 100)[1].action == "000"
    stamp = pos.stamp()
    assert rig.run(pos.sale(sale_of(card.row, 1), stamp=stamp)).reply.reason == "chip_missing"
    with card.reader.visit() as visit:
        visit.pin_at_pad(PIN)
        again = card.sign(visit, 200)
    other = rig.run(pos.sale(again, stamp=stamp)).reply
    assert (other.action, other.reason) == ("913", "duplicate_with_other_content")
    assert rig.run(pos.sale(again)).reply.action == "000", "under a number of its own"


@pytest.mark.invariant(3)
def test_one_cryptogram_under_two_numbers_on_two_hosts_pays_once(rig, workshop):
    card = ChipCard(rig, workshop)
    other = another(rig)
    for amount in range(100, 105):
        with card.reader.visit() as visit:
            visit.pin_at_pad(PIN)
            sale = card.sign(visit, amount)
        evidence = Evidence(card.row.pan, card.row.expiry, chip=sale.chip, psn="01")
        requests = [rig.request(Kind.SALE, card.row, amount, terminal=TERMINAL, evidence=evidence)
                    for _ in range(4)]
        answers = rig.run(many([rig.host, other], requests))
        assert sorted(answer.reason for answer in answers) == [
            "approved", *["cryptogram_replayed"] * 3]
    rig.run(other.stop())


def test_what_the_card_approved_or_declined_itself_is_no_request(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    with card.reader.visit() as visit:
        visit.pin_at_pad(PIN)
        sold = visit.sell_offline(sale_of(card.row, 100), AT)
        assert sold.approved_offline
    held = card.sell(pos)[0].card
    taken = msgspec.structs.replace(sale_of(card.row, 100, held), chip=sold.field55)
    reply = rig.run(pos.sale(taken)).reply
    assert (reply.action, reply.reason) == ("129", "cryptogram")


def asked_twice(workshop, terminal):
    """Two generations whose answers are lost, then one that is not."""
    workshop.bodies("ifsf", ask_93(terminal), ask_93(terminal))
    [body] = workshop.bodies("ifsf", ask_93(terminal))
    return brought("ifsf", body)


def test_two_lost_answers_do_not_end_the_generation_that_is_in_use(rig, workshop):
    keys = workshop.terminal("LOST0002")
    card = workshop.card()
    with workshop.pos("LOST0002", keys) as made:
        rig.run(made.change_keys())
        before = PinPad(keys).encipher(PIN, card.pan)
        assert rig.run(made.sale(sale_of(card, 1), pin=before)).reply.action == "000"
        under_way = PinPad(keys).encipher(PIN, card.pan)
        keys.load(asked_twice(workshop, "LOST0002"))
        now = PinPad(keys).encipher(PIN, card.pan)
        assert rig.run(made.sale(sale_of(card, 1), pin=now)).reply.action == "000"
        assert (under_way.generation, now.generation) == (1, 4)
        assert rig.run(made.sale(sale_of(card, 1), pin=under_way)).reply.action == "000"
    kept = rig.sql("SELECT version FROM hsm_key WHERE name = 'terminal/LOST0002/tak'"
                   " ORDER BY version")
    assert [row["version"] for row in kept] == [1, 2, 3, 4]


def test_who_names_no_generation_is_understood_after_two_lost_answers(rig, workshop):
    keys = workshop.terminal("LOST0003", mac=True)
    card = workshop.card()
    with workshop.pos("LOST0003", keys) as made:
        rig.run(made.change_keys())
        assert rig.run(made.sale(sale_of(card, 1))).reply.action == "000"
        text = asked_twice(workshop, "LOST0003")
        assert read_key_change(text)[0] == 4
        nameless = keys.sealing()
        made._sealing = lambda *_: Sealing("terminal", "T", nameless.key)
        pin = msgspec.structs.replace(PinPad(keys).encipher(PIN, card.pan),
                                      generation=0)
        reply = rig.run(made.sale(sale_of(card, 1), pin=pin)).reply
        assert (reply.action, reply.reason) == ("000", "")
        wrong = msgspec.structs.replace(PinPad(keys).encipher("0000", card.pan),
                                        generation=0)
        assert rig.run(made.sale(sale_of(card, 1), pin=wrong)).reply.reason == "pin_wrong"
    assert tries(rig, card) == (1, 1)
