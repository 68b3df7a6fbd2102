"""From the count to the booked adjustment: compared, decided by two, posted once, freed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.custody.cases import Decision, Doubted
from authhost.custody.counterfeits import Reported
from authhost.custody.opening import open_refused
from authhost.journal.entry import JournalUnavailable
from authhost.safes.moves import move
from clearing.days.calendars import after_working_days, target
from tests.support.vault import ANNA, BEN, Dead, Vault

TEN, TWENTY, FIFTY = 1_000, 2_000, 5_000


def full(rig, *pieces, **more):
    """A vault whose cassette has left with one deposit for each; (vault, cassette, keys)."""
    vault = Vault(rig, **more)
    keys = [vault.deposit(one, vault.accounts[number % len(vault.accounts)])
            for number, one in enumerate(pieces)]
    cassette = vault.cassette
    vault.swap()
    return vault, cassette, keys


@pytest.mark.invariant(10)
def test_a_count_that_agrees_verifies_and_frees(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 2),), ((TWENTY, 3), (TEN, 1)))
    assert vault.exposure() == 17_000
    taken = vault.counted(cassette, ((FIFTY, 2), (TWENTY, 3), (TEN, 1)))
    assert (taken.known, taken.stay) == (False, "settled")
    assert [vault.state(key) for key in keys] == ["verified/night"] * 2
    assert vault.settle() == 1
    assert vault.booked(kind="verification") == [17_000]
    assert (vault.exposure(), vault.cases("*")) == (0, [])
    assert vault.settle() == 0
    changes = rig.sql("SELECT event, before, after, who FROM deposit_change WHERE key = $1"
                      " ORDER BY id", keys[0])
    assert [tuple(row.values()) for row in changes] == [
        ("picked_up", "reported/night", "picked_up/night", "host"),
        ("matched", "picked_up/night", "verified/night", "host")]


def test_a_note_short_is_adjusted_by_two_people_once(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 2),))
    assert vault.counted(cassette, ((FIFTY, 1),)).stay == "counted"
    [case] = vault.cases()
    assert (case["kind"], case["account_id"], case["amount_minor"], case["state"]) == (
        "difference", vault.account, -FIFTY, "open")
    assert case["content"]["denominations"] == [
        {"value_minor": FIFTY, "kind": "note", "told": 2, "counted": 1}]
    assert vault.state(keys[0]) == "picked_up/night"
    assert (vault.settle(), vault.exposure()) == (0, 10_000)
    number = case["case_id"]
    with pytest.raises(Conflict):
        vault.decide(number, "adjust", -FIFTY)
    assert vault.propose(number, "adjust")["proposed_minor"] == -FIFTY
    with pytest.raises(Forbidden):
        vault.decide(number, "adjust", -FIFTY, actor=ANNA)
    with pytest.raises(Moved):
        vault.decide(number, "adjust", -TEN)
    assert vault.decide(number, "adjust", -FIFTY)["state"] == "decided"
    assert vault.decide(number, "adjust", -FIFTY)["state"] == "decided"  # its answer was lost
    assert vault.state(keys[0]) == "adjusted/night"
    assert vault.settle() == 2
    assert (vault.booked(), vault.booked(kind="verification")) == ([-FIFTY], [10_000])
    assert (vault.exposure(), vault.settle()) == (0, 0)
    read = rig.run(vault.custody.cases.read(BEN, number))
    assert (read["state"], read["proposed_by"], read["decided_by"]) == ("closed", "anna", "ben")
    assert read["journal_key"] == read["postings"][0]["journal_key"]
    assert [change["event"] for change in read["changes"]] == [
        "opened", "proposed adjust", "decided adjust", "booked"]
    detail = json.loads(rig.sql("SELECT detail::text FROM journal WHERE key = $1",
                                read["journal_key"])[0]["detail"])
    assert (detail["case_id"], detail["cassette"], detail["proposed_by"], detail["decided_by"]) \
        == (number, cassette, "anna", "ben")
    assert rig.sql("SELECT count(*) FROM audit WHERE subject = $1", f"case/{number}")[0][0] == 2


@pytest.mark.parametrize("after", [1, 2])
def test_who_dies_after_booking_books_no_second_time(rig, after):
    vault, cassette, _ = full(rig, ((FIFTY, 2),))
    vault.counted(cassette, ((FIFTY, 1),))
    vault.decided(vault.cases()[0]["case_id"], "adjust")
    vault.port.dies = after
    for _ in range(after):
        with pytest.raises(Dead):
            vault.settle()
    assert vault.settle() == 2
    assert (vault.booked(), vault.booked(kind="verification")) == ([-FIFTY], [10_000])
    assert len(vault.port.calls) == 2 + after
    assert vault.cases() == []


def test_a_journal_that_is_away_is_waited_for(rig, monkeypatch):
    async def away(*_):
        raise JournalUnavailable("the host's own sweep is not to be first")

    monkeypatch.setattr(rig.host.cash.custody._outbox, "_post", away)
    vault, cassette, _ = full(rig, ((FIFTY, 1),))
    vault.counted(cassette, ((FIFTY, 1),))
    vault.port.away = [JournalUnavailable("away")]
    with pytest.raises(JournalUnavailable):
        vault.settle()
    assert vault.exposure() == FIFTY
    vault.port.away = [ValueError("refused")]
    assert (vault.settle(), vault.settle(), vault.exposure()) == (0, 1, 0)


def test_within_the_tolerance_it_closes_and_is_seen(rig):
    vault, cassette, keys = full(rig, ((TEN, 3),), tolerance=TEN)
    assert vault.counted(cassette, ((TEN, 2),)).stay == "settled"
    [case] = vault.cases("*")
    assert (case["state"], case["decided_by"], case["amount_minor"]) == (
        "closed", "tolerance", -TEN)
    assert vault.state(keys[0]) == "verified/night"
    # A recount that finds more missing is compared with what was tolerated.
    vault.counted(cassette, ())
    assert [(one["amount_minor"], one["state"]) for one in vault.cases()] == [(-2 * TEN, "open")]


def test_of_a_shared_safe_each_client_has_his_own_part(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 2),), ((TWENTY, 2),), clients=2)
    vault.counted(cassette, ((FIFTY, 1), (TWENTY, 2)))
    [case] = vault.cases()
    assert (case["account_id"], case["amount_minor"]) == (vault.accounts[0], -FIFTY)
    assert [vault.state(key) for key in keys] == ["picked_up/night", "verified/night"]
    vault.settle()
    assert (vault.exposure(), vault.exposure(vault.accounts[1])) == (10_000, 0)


def test_what_cannot_be_told_apart_is_borne_as_two_people_say(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 2),), ((FIFTY, 1),), clients=2)
    one, other = vault.accounts
    vault.counted(cassette, ((FIFTY, 2),))
    [case] = vault.cases()
    number = case["case_id"]
    assert (case["account_id"], case["amount_minor"]) == (None, -FIFTY)
    assert [part["amount_minor"] for part in case["content"]["parts"]] == [10_000, FIFTY]
    stranger = Vault(rig).account
    for shares, where in (((), "shares"), (((one, TEN),), "shares[0].amount_minor"),
                          (((one, -FIFTY), (other, -TEN)), "shares"),
                          (((one, -TEN), (one, -TEN)), "shares"),
                          (((stranger, -TEN),), "shares[0].account_id"),
                          (((one, 0),), "shares[0].amount_minor")):
        with pytest.raises(Invalid) as refused:
            vault.propose(number, "adjust", *shares)
        assert refused.value.where == where
    with pytest.raises(Invalid):
        vault.propose(number, "release")
    vault.decided(number, "adjust", (one, -3_000), (other, -1_000))  # we bear ten euros of it
    assert vault.settle() == 4
    assert (vault.booked(one), vault.booked(other)) == ([-3_000], [-1_000])
    assert [vault.state(key) for key in keys] == ["adjusted/night"] * 2
    assert (vault.exposure(one), vault.exposure(other), vault.cases()) == (0, 0, [])


def test_a_proposal_may_be_sent_back_and_a_difference_dismissed(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 2),))
    vault.counted(cassette, ((FIFTY, 1),))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "adjust")
    back = vault.decide(number, "adjust", -FIFTY, approve=False)
    assert (back["state"], back["proposal"], back["proposed_by"]) == ("open", "", "")
    assert vault.decided(number, "dismiss")["state"] == "closed"
    assert vault.state(keys[0]) == "verified/night"
    assert (vault.settle(), vault.booked(), vault.exposure()) == (1, [], 0)


def test_a_recount_voids_a_proposal_and_undoes_what_was_booked(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 3),))
    vault.counted(cassette, ((FIFTY, 1),))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "adjust")
    vault.counted(cassette, ((FIFTY, 2),))
    [case] = vault.cases()
    assert (case["case_id"], case["amount_minor"], case["state"]) == (number, -FIFTY, "open")
    with pytest.raises(Conflict):
        vault.decide(number, "adjust", -2 * FIFTY)
    vault.decided(number, "adjust")
    vault.settle()
    vault.counted(cassette, ((FIFTY, 3),))  # it was in the machine
    [case] = vault.cases()
    assert (case["amount_minor"], case["state"]) == (FIFTY, "open")
    vault.decided(case["case_id"], "adjust")
    vault.settle()
    assert (vault.booked(), vault.booked(kind="verification")) == ([-FIFTY, FIFTY], [15_000])
    assert (vault.state(keys[0]), vault.exposure(), vault.cases()) == ("adjusted/night", 0, [])
    # And one that agrees before anybody has decided closes the case by itself.
    other, box, _ = full(rig, ((FIFTY, 1),))
    other.counted(box, ())
    other.counted(box, ((FIFTY, 1),))
    assert [(one["state"], one["amount_minor"]) for one in other.cases("*")] == [("closed", 0)]


def test_a_count_is_known_by_its_reference_and_digest(rig):
    vault, cassette, _ = full(rig, ((FIFTY, 2),))
    at = datetime.now(UTC)
    made = vault.counted(cassette, ((FIFTY, 1),), reference="Z-2", at=at)
    again = vault.counted(cassette, ((FIFTY, 1),), reference="Z-2", at=at)
    assert (again.known, again.count_id) == (True, made.count_id)
    with pytest.raises(Conflict) as refused:
        vault.counted(cassette, ((FIFTY, 2),), reference="Z-2", at=at)
    assert refused.value.where == "reference"
    assert len(vault.cases()) == 1
    with pytest.raises(Invalid):
        vault.counted(cassette[:-1] + str((int(cassette[-1]) + 1) % 10), ())
    with pytest.raises(Invalid):
        vault.counted(cassette, (), at=at + timedelta(days=2))


def test_a_counterfeit_is_a_case_a_deadline_and_a_report(rig):
    vault, cassette, keys = full(rig, ((FIFTY, 3),))
    at = datetime.now(UTC)
    vault.counted(cassette, ((FIFTY, 2),), fakes=((FIFTY, "X123"),), at=at)
    [case] = vault.cases()
    assert (case["kind"], case["amount_minor"]) == ("counterfeit", -FIFTY)
    [piece] = [row for row in rig.run(vault.custody.counterfeits.listed(
        ANNA, unreported=True, due_until=None, after=0, most=1_000))
        if row["case_id"] == case["case_id"]]
    assert (piece["serial"], piece["due_on"], piece["overdue"]) == (
        "X123", after_working_days(at.date(), 20, target), False)
    number = piece["counterfeit_id"]
    page = rig.run(vault.custody.counterfeits.document(ANNA, number))
    assert [holder["account_id"] for holder in page["holders"]] == [vault.account]
    assert page["holders"][0]["address"]["town"] == "Wien"
    assert (page["cassette"], page["terminal_id"], page["holder_known"]) == (
        cassette, vault.terminal, True)
    told = Reported(report="NB-77")
    assert rig.run(vault.custody.counterfeits.report(ANNA, number, told))["report"] == "NB-77"
    assert rig.run(vault.custody.counterfeits.report(ANNA, number, told))["report"] == "NB-77"
    with pytest.raises(Conflict):
        rig.run(vault.custody.counterfeits.report(
            ANNA, number, Reported(report="NB-78")))
    vault.decided(case["case_id"], "adjust")
    vault.settle()
    assert (vault.booked(), vault.state(keys[0])) == ([-FIFTY], "adjusted/night")


def test_what_a_safe_suspects_was_never_credited(rig):
    vault = Vault(rig)
    suspects = [{"value_minor": FIFTY, "currency": "EUR", "category": "2", "serial": "S9"},
                {"value_minor": TEN, "currency": "EUR", "category": "3", "serial": ""}]
    key = vault.deposit(((FIFTY, 1),), flags=("suspects",), suspects=suspects)
    cassette = vault.cassette
    vault.swap()
    vault.settle()
    [case] = vault.cases()
    assert (case["kind"], case["deposit_key"], case["amount_minor"]) == ("counterfeit", key, 0)
    assert [one["serial"] for one in case["content"]["counterfeits"]] == ["S9"]
    assert case["due_at"].date() == after_working_days(datetime.now(UTC).date(), 20, target)
    vault.settle()
    assert rig.sql("SELECT count(*) FROM counterfeit WHERE deposit_key = $1", key)[0][0] == 1
    assert vault.counted(cassette, ((FIFTY, 1),), fakes=((FIFTY, "S9"),)).stay == "settled"
    assert vault.state(key) == "verified/night"


@pytest.mark.parametrize(("rule", "credit"), [("instant", "queued"), ("night", "night")])
def test_a_withheld_credit_is_released_its_way(rig, rule, credit):
    vault = Vault(rig, rule=rule)
    key = vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
    [case] = vault.cases()
    assert (case["kind"], case["content"]["reasons"], vault.state(key)) == (
        "withheld", ["depositor"], "reported/withheld")
    assert vault.decided(case["case_id"], "release")["state"] == "closed"
    assert vault.state(key) == f"reported/{credit}"
    vault.settle()
    assert (vault.cases(), vault.exposure()) == ([], FIFTY)


def test_what_a_client_who_owes_deposits_goes_by_night(rig):
    """A bank that credits at once takes nothing off: there must be a credit of a night for that."""
    vault = Vault(rig, rule="instant")
    withheld = vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
    assert vault.state(vault.deposit(((FIFTY, 1),))) == "reported/queued"
    rig.sql("INSERT INTO account_owing VALUES ($1, 'a night')", vault.account)
    assert vault.state(vault.deposit(((FIFTY, 1),))) == "reported/night"
    vault.decided(vault.cases()[0]["case_id"], "release")
    assert vault.state(withheld) == "reported/night"
    rig.sql("DELETE FROM account_owing WHERE account_id = $1", vault.account)
    assert vault.state(vault.deposit(((FIFTY, 1),))) == "reported/queued"


def test_a_rejected_deposit_is_found_again_in_the_count(rig):
    vault = Vault(rig)
    key = vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
    vault.decided(vault.cases()[0]["case_id"], "reject")
    assert vault.state(key) == "reported/none"
    cassette = vault.cassette
    vault.swap()
    vault.counted(cassette, ((FIFTY, 1),))
    [case] = vault.cases()
    assert (case["kind"], case["amount_minor"]) == ("difference", FIFTY)
    vault.decided(case["case_id"], "dismiss")
    vault.settle()
    assert (vault.state(key), vault.booked(), vault.exposure()) == ("verified/none", [], 0)


def test_what_is_credited_in_a_withheld_ones_place_is_what_the_count_expects(rig):
    vault = Vault(rig)
    key = vault.deposit(((FIFTY, 1),), amount=8_000, flags=("withheld:denominations_sum",))
    number = vault.cases()[0]["case_id"]
    with pytest.raises(Invalid):
        vault.propose(number, "adjust")
    vault.decided(number, "adjust", (vault.account, FIFTY))
    cassette = vault.cassette
    vault.swap()
    assert vault.counted(cassette, ((FIFTY, 1),)).stay == "settled"
    vault.settle()
    assert (vault.booked(), vault.state(key), vault.exposure()) == ([FIFTY], "verified/none", 0)
    assert [one["amount_minor"] for one in vault.cases() if one["amount_minor"]] == []


def test_a_reversed_deposit_gives_back_what_it_was_given(rig):
    vault = Vault(rig)
    given, waiting = (vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
                      for _ in range(2))

    async def credited():
        async with rig.host._pool.acquire() as connection:
            assert await move(connection, [given], "release_to_night", who="t") == [given]
            assert await move(connection, [given], "file", who="t", run_id="N1") == [given]
            assert await move(connection, [given], "credited", who="t") == [given]
            assert await move(connection, [given], "file", who="t") == []

    rig.run(credited())
    for case in vault.cases():
        vault.decided(case["case_id"], "reverse")
    vault.settle()
    assert (vault.state(given), vault.state(waiting)) == ("reversed/file", "reversed/none")
    assert (vault.booked(), vault.exposure(), vault.cases()) == ([-FIFTY], 0, [])
    cassette = vault.cassette
    vault.swap()
    assert vault.counted(cassette, ()).stay == "settled"  # nothing of them is expected
    assert rig.run(vault.custody.look_again()) == 0


def test_a_bank_that_has_not_answered_is_waited_for(rig):
    vault = Vault(rig, rule="instant")
    key = vault.deposit(((FIFTY, 1),))

    async def moved(*events):
        async with rig.host._pool.acquire() as connection, connection.transaction():
            for event in events:
                assert await move(connection, [key], event, who="bank") == [key]
            await open_refused(connection, [key], "AC04", datetime.now(UTC))

    rig.run(moved("send"))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "reverse")
    with pytest.raises(Conflict):
        vault.decide(number, "reverse")
    vault.propose(number, "release")
    with pytest.raises(Conflict):
        vault.decide(number, "release")
    rig.run(moved("refuse"))
    assert len(vault.cases()) == 1
    vault.decide(number, "release")
    assert vault.state(key) == "reported/night"


def test_what_was_to_wait_for_the_count_is_credited_after_it(rig):
    vault = Vault(rig, rule="count")
    key = vault.deposit(((FIFTY, 1),))
    letter = vault.deposit((), amount=9_900, kind="envelope", envelope={"number": "E7"})
    assert [vault.state(one) for one in (key, letter)] == ["reported/none"] * 2
    cassette = vault.cassette
    vault.swap()
    vault.counted(cassette, ((FIFTY, 1),), items=(
        {"kind": "envelope", "number": "E7", "currency": "EUR", "amount_minor": 9_800},))
    [case] = vault.cases()
    assert (case["amount_minor"], case["content"]["items"]) == (-100, [
        {"kind": "envelope", "number": "E7", "told_minor": 9_900, "found_minor": 9_800}])
    vault.decided(case["case_id"], "adjust")
    vault.settle()
    assert [vault.state(one) for one in (key, letter)] == ["adjusted/night"] * 2
    assert (vault.booked(), vault.exposure()) == ([-100], 0)


def test_a_deposit_that_comes_after_its_count_is_compared_again(rig):
    vault, cassette, _ = full(rig, ((FIFTY, 1),))
    vault.counted(cassette, ((FIFTY, 1), (TWENTY, 1)))
    [case] = vault.cases()
    assert case["amount_minor"] == TWENTY
    late = vault.deposit(((TWENTY, 1),), cassette=cassette)  # it was off line
    assert rig.run(vault.custody.look_again()) == 1
    assert [one["state"] for one in vault.cases("*")] == ["closed"]
    vault.settle()
    assert (vault.state(late), vault.exposure()) == ("verified/night", 0)
    # A second one of a stay that is settled: now it is short.
    vault.deposit(((TEN, 1),), cassette=cassette)
    assert rig.run(vault.custody.look_again()) == 1
    assert [one["amount_minor"] for one in vault.cases()] == [-TEN]


def test_a_cassette_that_nobody_took_out_waits_for_its_swap(rig):
    vault = Vault(rig)
    key = vault.deposit(((FIFTY, 1),))
    cassette = vault.cassette
    taken = vault.counted(cassette, ((FIFTY, 1),))
    assert (taken.stay_id, taken.stay) == (None, "")
    cases = [case for case in rig.run(vault.custody.cases.listed(
        ANNA, state="", kind="unknown_cassette", terminal_id="", after=0, most=100))
        if case["content"]["cassette"] == cassette]
    assert [case["amount_minor"] for case in cases] == [FIFTY]
    vault.swap()
    assert rig.run(vault.custody.look_again()) >= 1
    assert rig.run(vault.custody.cases.read(ANNA, cases[0]["case_id"]))["state"] == "closed"
    assert vault.state(key) == "verified/night"


def test_many_at_once_decide_and_settle_once(rig):
    vault, cassette, _ = full(rig, ((FIFTY, 2),))
    vault.counted(cassette, ((FIFTY, 1),))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "adjust")
    decision = msgspec.convert({"approve": True, "proposal": "adjust", "amount_minor": -FIFTY},
                               Decision)

    async def at_once():
        await asyncio.gather(*(vault.custody.cases.decide(BEN, number, decision)
                               for _ in range(5)))
        await asyncio.gather(*(vault.custody.settle_open() for _ in range(5)))

    rig.run(at_once())
    assert (vault.booked(), vault.booked(kind="verification")) == ([-FIFTY], [10_000])
    assert vault.cases() == []


@pytest.mark.parametrize("credit", ["night", "queued", "accepted"])
def test_any_deposit_may_be_reversed_by_two_people(rig, credit):
    vault = Vault(rig, rule="night" if credit == "night" else "instant")
    key = vault.deposit(((FIFTY, 1),))

    async def accepted():
        async with rig.host._pool.acquire() as connection:
            for event in ("send", "accept", "credited"):
                assert await move(connection, [key], event, who="bank") == [key]

    if credit == "accepted":
        rig.run(accepted())
    case = rig.run(vault.custody.cases.doubt(ANNA, Doubted(deposit=key, why="never put in")))
    assert (case["kind"], case["amount_minor"]) == ("difference", -FIFTY)
    with pytest.raises(Conflict):
        rig.run(vault.custody.cases.doubt(BEN, Doubted(deposit=key, why="again")))
    with pytest.raises(Unknown):
        rig.run(vault.custody.cases.doubt(BEN, Doubted(deposit="none", why="?")))
    vault.decided(case["case_id"], "reverse")
    vault.settle()
    assert vault.state(key) == f"reversed/{credit if credit == 'accepted' else 'none'}"
    assert (vault.booked(), vault.exposure()) == ([-FIFTY] if credit == "accepted" else [], 0)
    assert vault.cases() == []
