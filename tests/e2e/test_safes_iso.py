"""A deposit over ISO 8583: the same story as over JSON, and counted once through both."""

from datetime import UTC, datetime

import pytest

from tests.support.rig import running
from tests.support.safes import NOTE, Device
from tests.support.wire import Wire, stan


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2", "iso87:binary2"), http=True) as made:
        yield made


@pytest.fixture
def safe(rig):
    made = Device(rig)
    made.begin()
    return made


def fields(safe, notes, **parts):
    """The fields of a deposit, 1993; parts beside what was counted."""
    counted = {"D": "ana", "B": safe.cassette, "H": safe.shift, "N": rf"{NOTE}\{notes}\4a", **parts}
    return {3: "210000", 4: f"{notes * NOTE:012d}", 11: stan(),
            12: f"{datetime.now(UTC):%y%m%d%H%M%S}", 32: "280131",
            41: safe.terminal_id, 49: "978",
            124: "/".join(letter + text for letter, text in counted.items() if text)}


def ask(rig, mti, message, profile="ifsf"):
    async def once():
        port = rig.ports["ifsf:0" if profile == "ifsf" else "iso87:0"]
        wire = await Wire.connect(port, profile)
        try:
            return (await wire.ask(mti, message)).fields
        finally:
            await wire.close()
    return rig.run(once())


def test_escrow_confirm_and_repeat(rig, safe):
    asked = ask(rig, "1100", fields(safe, 3, S="3"))
    assert (asked[39], asked[4]) == ("000", f"{3 * NOTE:012d}")
    message = fields(safe, 3, S="4", Z="3")
    assert ask(rig, "1220", message)[39] == "000"
    assert ask(rig, "1221", message)[39] == "000"
    assert rig.taken(safe.account_id)[0] == 3 * NOTE
    [row] = safe.rows()
    assert (row["sequence"], row["notes"], row["credit"], row["withheld"]) == (4, 3, "night", "")


@pytest.mark.invariant(3)
def test_one_deposit_through_both_doors_counts_once(rig, safe):
    said = safe.deposit(2)
    assert said["withheld"] == []
    assert ask(rig, "1220", fields(safe, 2, S=str(safe.sequence)))[38] == said["approval_code"]
    assert rig.taken(safe.account_id)[0] == 2 * NOTE
    assert ask(rig, "1220", fields(safe, 4, S="4"))[39] == "000"
    again = safe.send("/deposits", safe.cash(4, sequence=4)).json()
    assert (again["decision"], rig.taken(safe.account_id)[0]) == ("approved", 6 * NOTE)
    assert len(safe.rows()) == 2


def test_notes_that_were_handed_back(rig, safe):
    ask(rig, "1100", fields(safe, 3, S="3"))
    back = fields(safe, 3, S="4", Z="3")
    assert ask(rig, "1420", back)[39] == "400"
    assert rig.taken(safe.account_id)[0] == 0
    # A deposit cannot be taken back: its cash is inside.
    first = fields(safe, 1)
    assert ask(rig, "1220", first)[39] == "000"
    assert ask(rig, "1420", {**first, 124: "S5"})[39] == "481"
    assert rig.taken(safe.account_id)[0] == NOTE


def test_what_is_withheld_is_said_in_field_44(rig, safe):
    said = ask(rig, "1220", fields(safe, 1, S="3", D="eve"))
    assert (said[39], said[44]) == ("000", "withheld:depositor")
    refused = ask(rig, "1100", fields(safe, 1, S="4", D="bob"))
    assert (refused[39], refused[44]) == ("119", "depositor_blocked")
    unreadable = ask(rig, "1220", fields(safe, 1, S="x"))
    assert (unreadable[39], unreadable[44].partition(":")[0]) == ("904", "field 124")
    assert len(safe.rows()) == 1


def test_1987_has_the_count_in_another_element(rig, safe):
    new = fields(safe, 2, S="3")
    old = {number: value for number, value in new.items() if number not in (12, 124)}
    old |= {7: new[12][2:], 12: new[12][6:], 13: new[12][2:6], 122: new[124]}
    assert ask(rig, "0220", old, "iso87")[39] == "00"
    [row] = safe.rows()
    assert (row["sequence"], row["amount_minor"], row["withheld"]) == (3, 2 * NOTE, "")


def test_the_numbers_of_both_doors_are_one_line(rig, safe):
    ask(rig, "1220", fields(safe, 1, S="3"))
    ask(rig, "1220", fields(safe, 1, S="6"))
    assert safe.tell("/status", sequence=7)["missing"] == [[4, 5]]


@pytest.mark.parametrize("first", ["came", "comes after"])
def test_a_deposit_that_is_told_again_as_an_advice_is_credited_once(rig, safe, first):
    request = fields(safe, 3)
    advice = {**fields(safe, 3), 56: f"1200{request[11]}{request[12]}06280131"}
    words = [("1200", request), ("1220", advice)]
    said = [ask(rig, mti, message) for mti, message in (
        words if first == "came" else reversed(words))]
    assert [one[39] for one in said] == ["000"] * 2
    assert [row["credit"] for row in safe.rows()] == (
        ["night", "withheld"] if first == "came" else ["night"])
