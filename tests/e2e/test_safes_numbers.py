"""The device's own numbers: gaps asked for, repeats answered alike, other content refused; what
comes late finds its place."""

import pytest

from authhost.safes import sequences
from tests.support.rig import running
from tests.support.safes import NOTE, Device, cassette, local


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture
def safe(rig):
    made = Device(rig)
    made.begin()
    return made


def missing(answer):
    return answer.headers.get("Missing-Sequences", "")


def test_a_gap_is_seen_and_asked_for_until_it_is_filled(safe):
    late = [safe.cash() for _ in range(3)]
    answer = safe.send("/status", safe.body())
    assert missing(answer) == "3-5"
    assert answer.json()["missing"] == [[3, 5]]
    assert missing(safe.send("/deposits", late[1])) == "3,5"
    assert missing(safe.send("/deposits", late[0])) == "5"
    answer = safe.send("/deposits", late[2])
    assert (missing(answer), answer.json()["withheld"]) == ("", [])
    assert safe.tell("/status")["missing"] == []


def test_a_restart_and_another_host_know_the_same(rig, safe):
    answer = safe.send("/deposits", safe.cash(sequence=9))
    assert missing(answer) == "3-8"
    rig.run(rig.host.cash.safes.sequences.flush())
    rig.host.cash.safes.sequences._known.clear()  # what a new process knows
    assert missing(safe.send("/deposits", safe.cash(sequence=10))) == "3-8"


def test_what_comes_while_numbers_are_looked_up_is_known(rig, safe, monkeypatch):
    room, number, read = rig.host.cash.safes.sequences, safe.sequence + 2, sequences.numbers_of
    safe.tell("/status")

    async def overtaken(connection, terminal_id):
        found = await read(connection, terminal_id)
        room.learn(terminal_id, number)
        return found
    room._known.clear()
    with monkeypatch.context() as patch:
        patch.setattr(sequences, "numbers_of", overtaken)
        assert rig.run(room.missing(safe.terminal_id)) == ()
    assert [rig.run(room.is_new(safe.terminal_id, one)) for one in (number, number + 1)] == [
        False, True]
    assert (room._pending, room._looks) == ({}, [])  # a message's own commit has written it


def test_a_device_that_was_there_before(rig):
    safe = Device(rig)
    safe.sequence = 80_000
    on = safe.tell("/sign-on", software="1", cassette=safe.cassette, first_sequence=80_001)
    assert on["missing"] == []
    assert missing(safe.send("/status", safe.body(sequence=80_004))) == "80002-80003"


@pytest.mark.parametrize("path", ["/status", "/sign-on", "/shifts", "/shifts/s1/close", "/swaps",
                                  "/end-of-day", "/alarms"])
def test_a_repeat_is_answered_by_the_same_bytes_and_does_nothing(rig, safe, path):
    more = {"/sign-on": {"software": "2"}, "/shifts": {"shift": "s9", "opened_by": "ana"},
            "/shifts/s1/close": {"closed_by": "ana", "totals": []},
            "/swaps": {"out": safe.cassette, "in": cassette()}, "/end-of-day": {"totals": []},
            "/alarms": {"code": "x", "severity": "info"}}.get(path, {})
    body = safe.body(**more)
    first = safe.send(path, body)
    assert first.status_code == 200
    safe.tell("/status")
    stays, count = safe.stays(), len(safe.said())
    assert safe.send(path, body).content == first.content
    assert (safe.stays(), len(safe.said())) == (stays, count)
    other = safe.send(path, {**body, "local_time": local(minutes=1)})
    assert (other.status_code, other.json()["where"]) == (422, "sequence")


@pytest.mark.invariant(3)
@pytest.mark.invariant(10)
def test_a_deposit_counts_once_whatever_the_clock_and_the_key(rig, safe):
    body = safe.cash(2)
    first = safe.send("/deposits", body)
    again = safe.send("/deposits", {**body, "local_time": local(days=1)})
    assert again.content == first.content
    assert rig.taken(safe.account_id)[0] == 2 * NOTE
    assert len(safe.rows()) == 1


@pytest.mark.invariant(4)
def test_a_number_with_other_content_is_refused_or_set_aside(rig, safe):
    body = safe.cash(2)
    key = safe.send("/deposits", body).json()["key"]
    other = safe.send("/deposits", {**body, "amount_minor": 3 * NOTE}).json()
    assert other["decision"] == "parked"
    assert len(rig.parked(key)) == 1
    assert [row["amount_minor"] for row in safe.rows()] == [2 * NOTE]
    asked = safe.cash(1)
    assert safe.send("/authorizations", asked).json()["decision"] == "approved"
    refused = safe.send("/authorizations", {**asked, "amount_minor": 2 * NOTE})
    assert (refused.status_code, refused.json()["where"]) == (422, "sequence")


def test_a_number_under_the_key_of_other_content_has_not_come(safe):
    path = f"/v1/safes/{safe.terminal_id}/authorizations"
    assert safe.door.post(path, safe.cash(1), "one").json()["decision"] == "approved"
    refused = safe.door.post(path, safe.cash(2), "one")
    assert (refused.status_code, refused.json()["where"]) == (422, "sequence")
    number = safe.sequence
    assert missing(safe.send("/status", safe.body())) == f"{number}"
    asked = safe.send("/authorizations", safe.cash(2, sequence=number))
    assert (asked.json()["decision"], missing(asked)) == ("approved", "")


def test_one_line_of_numbers_over_all_messages(rig, safe):
    safe.deposit()
    taken = safe.send("/status", safe.body(sequence=safe.sequence))
    assert (taken.status_code, taken.json()["where"]) == (422, "sequence")
    assert "deposit" in taken.json()["detail"]
    safe.tell("/status")
    asked = safe.send("/authorizations", safe.cash(sequence=safe.sequence))
    assert (asked.status_code, asked.json()["where"]) == (422, "sequence")
    # Cash is inside: it is stored, and a person looks at it.
    body = safe.cash(sequence=safe.sequence)
    first = safe.send("/deposits", body)
    assert first.json()["withheld"] == ["sequence"]
    assert safe.send("/deposits", body).content == first.content


def test_a_repeat_of_last_month_is_answered_and_what_is_new_is_not(rig, safe):
    safe.tell("/alarms", code="x", severity="info")
    rig.sql("UPDATE safe_message SET local_time = local_time - interval '40 days'"
            " WHERE terminal_id = $1 AND kind = 'alarm'", safe.terminal_id)
    for days in (40, -2):
        body = safe.body(code="x", severity="info", local_time=local(days=days))
        answer = safe.send("/alarms", body)
        assert (answer.status_code, answer.json()["where"]) == (422, "local_time")
        answer = safe.send("/authorizations", safe.cash(local_time=local(days=days)))
        assert (answer.status_code, answer.json()["where"]) == (422, "local_time")
        assert safe.deposit(local_time=local(days=days))["withheld"] == ["date"]
    assert len(safe.rows()) == 2


def test_a_swap_that_comes_late_finds_its_place(rig, safe):
    """Two swaps, the first told last: the cassette between them was there, and has left."""
    between, last = cassette(), cassette()
    for one in (between, last):
        rig.sql("INSERT INTO cassette (cassette_id) VALUES ($1)", one)
    safe.deposit(1)
    first = safe.body(out=safe.cassette, **{"in": between})
    middle = safe.cash(2, cassette=between)
    second = safe.body(out=between, **{"in": last})
    assert safe.send("/deposits", middle).json()["withheld"] == ["cassette"]
    assert safe.send("/swaps", second).json()["warnings"] == ["cassette_out", "courier_missing"]
    late = safe.send("/swaps", first).json()
    assert (late["warnings"], late["cassette"]) == (["late"], last)
    found = [(row["cassette_id"], row["state"]) for row in safe.stays()]
    assert found == [(safe.cassette, "picked_up"), (last, "in_safe"), (between, "picked_up")]
    assert [(row["stay_id"] == safe.stays()[2]["stay_id"], row["state"])
            for row in safe.rows() if row["amount_minor"] == 2 * NOTE] == [(True, "picked_up")]
    assert safe.deposit(1, cassette=last)["withheld"] == []


def test_a_shift_that_opens_late_does_not_open_again(safe):
    opened, money = safe.body(shift="s2", opened_by="ana"), safe.cash(1, shift="s2")
    closed = safe.body(closed_by="ana", totals=[])
    answer = safe.send("/shifts/s2/close", closed).json()
    assert answer["warnings"] == ["shift_unknown"]
    late = safe.send("/shifts", opened).json()
    assert late["warnings"] == ["shift_not_closed", "late"]
    assert safe.send("/deposits", money).json()["withheld"] == []
