"""The flows of ISO 8583:1987 through a running door: 0100, 0200, 0220, 0400, 0420, 0520, 0800."""

from datetime import UTC, datetime

import pytest

from tests.support.portfolio import ACQUIRER
from tests.support.rig import running
from tests.support.wire import Wire, stan

TODAY = datetime.now(UTC).strftime("%m%d")


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("iso87:ascii4",)) as made:
        yield made


@pytest.fixture
def ask(rig):
    """Send one message, get its fields with the MTI under 0."""
    def send(mti, fields):
        async def run():
            wire = await Wire.connect(rig.ports["iso87:0"], "iso87", "ascii4")
            answer = await wire.ask(mti, fields)
            await wire.close()
            return {0: answer.mti} | answer.fields
        return rig.run(run())
    return send


def fields_of(card, amount, *, number="", terminal="POS00001", **more):
    fields = {2: card.pan, 3: "000000", 4: f"{amount:012d}", 7: f"{TODAY}081112",
              11: number or stan(), 12: "101112", 13: TODAY, 14: card.expiry, 18: "5541",
              22: "051", 32: ACQUIRER, 41: terminal.ljust(8), 42: "STATION".ljust(15), 49: "978"}
    return fields | {int(name[1:]): value for name, value in more.items()}


def original(mti, fields):
    return f"{mti}{fields[11]}{fields[7]}{ACQUIRER.zfill(11)}{'0' * 11}"


@pytest.mark.parametrize(("code", "card", "amount"), [
    ("00", {}, 100), ("62", {"status": "blocked"}, 100), ("41", {"status": "lost"}, 100),
    ("43", {"status": "stolen"}, 100), ("54", {"expiry": "2401"}, 100),
    ("61", {"limits": [("day", "money", 99)]}, 100), ("65", {"limits": [("day", "count", 0)]}, 100),
    ("57", {"hours": [0] * 7}, 100), ("13", {"currency": "CHF"}, 100),
])
def test_a_sale_is_answered_in_two_characters(rig, ask, code, card, amount):
    answer = ask("0200", fields_of(rig.card(**card), amount))
    assert (answer[0], answer[39]) == ("0210", code)
    assert (38 in answer) == (code == "00")


def test_part_of_an_amount_is_a_ten(rig, ask):
    card = rig.card(limits=[("day", "money", 60)])
    answer = ask("0200", fields_of(card, 100, terminal="POSPART1"))
    assert (answer[39], answer[4]) == ("10", "000000000060")


@pytest.mark.invariant(3)
def test_hold_completion_and_repeat(rig, ask):
    card = rig.card()
    hold = fields_of(card, 5_000)
    assert ask("0100", hold)[39] == "00"
    done = fields_of(card, 3_000) | {90: original("0100", hold)}
    first = ask("0220", done)
    assert (first[0], first[39], first[4]) == ("0230", "00", "000000003000")
    assert ask("0221", done) == first
    assert rig.taken(card.account_id) == (3_000, 0, 1)


def test_a_completion_of_the_same_number_finds_its_hold(rig, ask):
    card = rig.card()
    hold = fields_of(card, 5_000)
    ask("0100", hold)
    assert ask("0220", {**hold, 4: "000000004000"})[39] == "00"
    assert rig.taken(card.account_id) == (4_000, 0, 1)


@pytest.mark.invariant(7)
@pytest.mark.parametrize("mti", ["0400", "0420"])
def test_a_reversal_by_field_90_or_by_the_same_number(rig, ask, mti):
    card = rig.card()
    named, same = fields_of(card, 700), fields_of(card, 300)
    ask("0200", named)
    ask("0200", same)
    back = fields_of(card, 700) | {90: original("0200", named)}
    answer = ask(mti, back)
    assert (answer[0], answer[39]) == (mti[:2] + str(int(mti[2]) + 1) + "0", "00")
    assert ask(mti, same)[39] == "00"
    assert rig.taken(card.account_id) == (0, 0, 0)


@pytest.mark.invariant(7)
def test_a_partial_reversal_says_what_it_really_came_to(rig, ask):
    card = rig.card()
    sale = fields_of(card, 700)
    ask("0200", sale)
    back = fields_of(card, 700) | {90: original("0200", sale), 95: "000000000500" + "0" * 30}
    answer = ask("0420", back)
    assert (answer[39], answer[4]) == ("00", "000000000200")
    assert rig.taken(card.account_id)[0] == 500


def test_a_reconciliation_compares_the_days_totals(rig, ask):
    rig.sql("INSERT INTO terminal VALUES ('POSTOTAL', 'pos', $1, 'STATION', 'S1')", ACQUIRER)
    card = rig.card()
    sale, gone = (fields_of(card, amount, terminal="POSTOTAL") for amount in (700, 300))
    ask("0200", sale)
    ask("0200", gone)
    ask("0420", fields_of(card, 300, terminal="POSTOTAL") | {90: original("0200", gone)})
    asked = {7: f"{TODAY}081112", 11: stan(), 12: "101112", 13: TODAY, 32: ACQUIRER,
             41: "POSTOTAL", 76: f"{2:010d}", 77: f"{1:010d}", 88: f"{1_000:016d}",
             89: f"{300:016d}"}
    balanced = ask("0520", asked)
    assert (balanced[0], balanced[39], balanced[66]) == ("0530", "00", "1")
    wrong = ask("0520", asked | {11: stan(), 88: f"{999:016d}"})
    assert (wrong[39], wrong[66], wrong[88]) == ("95", "2", f"{1_000:016d}")
    assert ask("0521", asked) == balanced


@pytest.mark.parametrize(("code", "more"), [("001", set()), ("002", set()), ("301", set()),
                                            ("201", {15})])
def test_network_management(ask, code, more):
    asked = {7: f"{TODAY}081112", 11: stan(), 41: "POS00001", 70: code}
    answer = ask("0800", asked)
    assert (answer[0], answer[39], answer[70]) == ("0810", "00", code)
    assert set(answer) == {0, 7, 11, 39, 41, 70} | more
    if more:
        assert answer[15] == "0723"


def test_an_unknown_network_code_is_named(ask):
    answer = ask("0800", {7: f"{TODAY}081112", 11: stan(), 41: "POS00001", 70: "999"})
    assert (answer[39], answer[44][:8]) == ("30", "field 70")
