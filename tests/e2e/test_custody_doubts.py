"""Money that must not leave twice, too early or for another cassette: what custody holds back."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.admin.refusals import Conflict, Forbidden, Invalid
from authhost.custody.cases import Doubted, Proposed
from authhost.custody.counting import Count
from authhost.model import Kind
from authhost.safes.moves import move
from tests.support.vault import ANNA, Vault

TEN, TWENTY, FIFTY = 1_000, 2_000, 5_000


def left(vault: Vault) -> str:
    """The cassette that goes out now."""
    cassette = vault.cassette
    vault.swap()
    return cassette


def returned(vault: Vault, cassette: str) -> None:
    """An empty cassette that was there before comes into the safe again."""
    vault.rig.sql("UPDATE cassette_stay SET cassette_id = $2 WHERE stay_id = $1", vault.stay,
                  cassette)
    vault.cassette = cassette


def unknown(vault: Vault, cassette: str) -> list[dict]:
    return [case for case in vault.rig.run(vault.custody.cases.listed(
        ANNA, state="", kind="unknown_cassette", terminal_id="", after=0, most=1_000))
        if case["content"]["cassette"] == cassette]


def doubted(vault: Vault, key: str) -> int:
    case = vault.rig.run(vault.custody.cases.doubt(ANNA, Doubted(deposit=key, why="short")))
    return int(case["case_id"])


@pytest.mark.parametrize("rule", ["night", "instant"])
def test_a_released_envelope_is_not_credited_before_its_count(rig, rule):
    """Nobody has looked into it: what it was declared to hold is no money yet."""
    vault = Vault(rig, rule=rule)
    key = vault.deposit((), amount=9_900, kind="envelope", envelope={"number": "E1"},
                        flags=("withheld:shift_closed",))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "release")
    with pytest.raises(Conflict):
        vault.decide(number, "release")
    assert vault.state(key) == "reported/withheld"
    vault.counted(left(vault), (), items=(
        {"kind": "envelope", "number": "E1", "currency": "EUR", "amount_minor": 9_900},))
    assert vault.state(key) == "verified/withheld"
    assert vault.decide(number, "release")["state"] == "closed"
    assert vault.state(key).partition("/")[2] in {"night", "queued"}


def test_a_client_who_is_credited_after_the_count_is_not_released_before_it(rig):
    vault = Vault(rig, rule="count")
    key = vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
    number = vault.cases()[0]["case_id"]
    vault.propose(number, "release")
    with pytest.raises(Conflict):
        vault.decide(number, "release")
    vault.counted(left(vault), ((FIFTY, 1),))
    vault.decide(number, "release")
    assert vault.state(key) == "verified/night"


def test_a_cassette_that_came_back_is_not_counted_as_its_earlier_stay(rig):
    """Counted before its second swap is told: the first stay, settled long ago, is another's."""
    vault = Vault(rig)
    first = vault.deposit(((FIFTY, 2),))
    cassette, stay = vault.cassette, vault.stay
    vault.swap()
    assert vault.counted(cassette, ((FIFTY, 2),)).stay == "settled"
    returned(vault, cassette)
    second = vault.deposit(((TWENTY, 1),))
    taken = vault.counted(cassette, ((TWENTY, 1),))
    assert (taken.stay_id, taken.stay) == (None, "")
    rig.run(vault.custody.look_again())  # and no sweep takes it for the first one's either
    assert (vault.cases(), vault.stay_state(stay), vault.state(first)) == (
        [], "settled", "verified/night")
    assert len(unknown(vault, cassette)) == 1
    vault.swap()
    rig.run(vault.custody.look_again())
    assert (vault.state(second), unknown(vault, cassette)) == ("verified/night", [])


def test_what_a_doubt_has_taken_the_count_does_not_take_again(rig):
    vault = Vault(rig)
    key = vault.deposit(((TEN, 4),))
    vault.decided(doubted(vault, key), "adjust", (vault.account, -TEN))
    vault.settle()
    assert vault.booked() == [-TEN]
    assert vault.counted(left(vault), ((TEN, 3),)).stay == "settled"
    vault.settle()
    assert (vault.booked(), [case["amount_minor"] for case in vault.cases()]) == ([-TEN], [])
    assert (vault.state(key), vault.exposure()) == ("adjusted/night", 0)


def test_a_doubt_that_was_wrong_is_a_surplus(rig):
    vault = Vault(rig)
    vault.decided(doubted(vault, vault.deposit(((TEN, 4),))), "adjust", (vault.account, -TEN))
    vault.settle()
    vault.counted(left(vault), ((TEN, 4),))
    assert [case["amount_minor"] for case in vault.cases()] == [TEN]


def test_recounts_do_not_add_up_tolerances(rig):
    """Each recount finds a note less: within the tolerance once, not each time."""
    vault = Vault(rig, tolerance=TEN)
    vault.deposit(((TEN, 5),))
    cassette = left(vault)
    assert vault.counted(cassette, ((TEN, 4),)).stay == "settled"
    assert vault.counted(cassette, ((TEN, 3),)).stay == "counted"
    assert [(case["amount_minor"], case["state"]) for case in vault.cases()] == [(-TEN, "open")]


def test_a_recount_that_reads_another_serial_number_is_what_is_reported(rig):
    vault = Vault(rig)
    vault.deposit(((FIFTY, 3),))
    cassette = left(vault)
    vault.counted(cassette, ((FIFTY, 2),), fakes=((FIFTY, "X1Z"),))
    [case] = vault.cases()
    vault.counted(cassette, ((FIFTY, 2),), fakes=((FIFTY, "X12"),))
    [again] = vault.cases()
    assert (again["case_id"], again["due_at"]) == (case["case_id"], case["due_at"])
    assert [one["serial"] for one in again["content"]["counterfeits"]] == ["X12"]
    pieces = rig.sql("SELECT serial FROM counterfeit WHERE case_id = $1", case["case_id"])
    assert [row["serial"] for row in pieces] == ["X12"]


def test_what_cannot_be_posted_holds_up_nobody_however_much_of_it_there_is(rig):
    vault = Vault(rig)
    insert = ("INSERT INTO custody_posting (kind, account_id, amount_minor, currency, detail, who)"
              " SELECT 'adjustment', $1, -1, $2, '{}', 'test' FROM generate_series(1, $3::int)")
    rig.sql(insert, vault.account, "USD", 450)  # the account is kept in euro
    rig.sql(insert, vault.account, "EUR", 1)
    vault.settle()
    assert vault.booked() == [-1]
    rig.sql("DELETE FROM custody_posting WHERE account_id = $1 AND currency = 'USD'",
            vault.account)


def test_foreign_money_that_was_counted_is_freed(rig):
    """Withheld, for the account is kept in euro; counted all the same."""
    vault = Vault(rig)
    request = rig.request(
        Kind.DEPOSIT, amount=10_000, terminal=vault.terminal, account_id=vault.account,
        currency="USD", flags=("withheld:currency",), detail=json.dumps({
            "kind": "cash", "cassette": vault.cassette,
            "denominations": [{"value_minor": FIFTY, "kind": "note", "count": 2}]}))
    assert rig.ask(request).action == "000"
    key = request.key
    assert vault.exposure() == 10_000
    count = msgspec.convert({
        "cassette": left(vault), "reference": f"usd-{vault.terminal}",
        "counted_at": datetime.now(UTC) + timedelta(seconds=1),
        "pieces": [{"currency": "USD", "value_minor": FIFTY, "count": 2}]}, Count)
    assert rig.run(vault.custody.counts.take(ANNA, count)).stay == "settled"
    assert vault.settle() == 1
    assert (vault.state(key), vault.exposure()) == ("verified/withheld", 0)


def test_a_reversal_ends_the_other_cases_of_its_deposit(rig):
    vault = Vault(rig)
    key = vault.deposit(((FIFTY, 1),), flags=("withheld:depositor",))
    vault.decided(doubted(vault, key), "reverse")
    vault.settle()
    assert (vault.state(key), vault.cases()) == ("reversed/none", [])


def test_a_case_from_before_its_stay_was_known_is_compared_with_the_count(rig):
    """Its swap was told later: a deposit that is rejected after the count leaves a surplus."""
    vault = Vault(rig)
    rig.sql("UPDATE cassette_stay SET cassette_id = '000000000000000000' WHERE stay_id = $1",
            vault.stay)
    key = vault.deposit(((FIFTY, 1),), flags=("withheld:cassette",))
    rig.sql("UPDATE cassette_stay SET cassette_id = $2 WHERE stay_id = $1", vault.stay,
            vault.cassette)
    assert rig.sql("UPDATE deposit SET stay_id = $2 WHERE key = $1 AND stay_id IS NULL"
                   " RETURNING key", key, vault.stay)
    vault.counted(left(vault), ((FIFTY, 1),))
    assert vault.state(key) == "verified/withheld"
    vault.decided(vault.cases()[0]["case_id"], "reject")
    assert [(case["kind"], case["amount_minor"]) for case in vault.cases()] == [
        ("difference", FIFTY)]


def test_a_count_of_more_than_there_is_money_is_a_problem(rig):
    vault = Vault(rig)
    cassette = left(vault)
    count = msgspec.convert({
        "cassette": cassette, "reference": f"much-{vault.terminal}",
        "counted_at": datetime.now(UTC),
        "pieces": [{"currency": "EUR", "value_minor": 10**10 - number, "count": 10**7}
                   for number in range(200)]}, Count)
    with pytest.raises(Invalid) as refused:
        rig.run(vault.custody.counts.take(ANNA, count))
    assert refused.value.where == "pieces"


def test_who_let_the_other_in_does_not_decide_with_him(rig):
    """A second token of one's own making is not a second person."""
    vault = Vault(rig)
    keyring_names = [f"{name}-{vault.terminal}" for name in ("cleo", "dora", "emil")]
    cleo, dora, emil = keyring_names

    async def let_in() -> list:
        keyring = Keyring(rig.host._pool)
        actors = []
        makers = {cleo: operator("desk"), dora: None, emil: operator("desk")}
        for name in keyring_names:
            maker = makers[name] or actors[0]
            _, token = await keyring.add(maker, NewAccess(
                name=name, role=Role.ADMINISTRATOR,
                expires_at=datetime(2099, 1, 1, tzinfo=UTC)))
            actors.append(await keyring.identify(f"Bearer {token}", None))
        return actors

    first, made, other = rig.run(let_in())
    for proposer, wrong in ((first, made), (made, first)):
        vault.deposit(((FIFTY, 1),))
        vault.counted(left(vault), ())
        number = vault.cases()[0]["case_id"]
        rig.run(vault.custody.cases.propose(proposer, number, msgspec.convert(
            {"proposal": "adjust", "why": "seen"}, Proposed)))
        with pytest.raises(Forbidden):
            vault.decide(number, "adjust", -FIFTY, actor=wrong)
        assert vault.decide(number, "adjust", -FIFTY, actor=other)["state"] == "decided"
        vault.settle()


def test_what_two_people_decided_about_a_cassette_no_swap_takes_back(rig):
    """The swap is told in the moment of the decision: the count is either's, never both's."""
    vault = Vault(rig)
    vault.deposit(((FIFTY, 1),))
    cassette = vault.cassette
    vault.counted(cassette, ((FIFTY, 1),))
    [case] = unknown(vault, cassette)
    vault.propose(case["case_id"], "adjust", (vault.account, FIFTY))
    vault.swap()

    async def at_once() -> None:
        pool = rig.host._pool
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SELECT FROM cash_case WHERE case_id = $1 FOR UPDATE",
                                     case["case_id"])
            sweep = asyncio.create_task(vault.custody.look_again())
            await asyncio.sleep(0.3)
            await connection.execute("UPDATE cash_case SET state = 'decided', decided_by = 'ben'"
                                     " WHERE case_id = $1", case["case_id"])
            await transaction.commit()
            await sweep

    rig.run(at_once())
    rig.run(vault.custody.look_again())
    linked = rig.sql("SELECT stay_id FROM cash_count WHERE cassette_id = $1", cassette)
    assert [row["stay_id"] for row in linked] == [None]


def test_whoever_compares_locks_in_the_order_of_keys_as_the_night_does(rig):
    """A late deposit and one that was picked up: neither locks the other out of the night."""
    vault = Vault(rig)
    first, late = sorted(vault.deposit(((TEN, 1),)) for _ in range(2))
    stay = vault.stay
    cassette = left(vault)

    async def both() -> None:
        pool = rig.host._pool
        async with pool.acquire() as night:
            assert await move(night, [first], "picked_up", who="test") == [first]
            one = "SELECT FROM deposit WHERE key = $1 FOR UPDATE NOWAIT"
            async with night.transaction():
                await night.execute(one, first)
                counting = asyncio.create_task(vault.custody.match(stay))
                await asyncio.sleep(0.3)
                await night.execute(one, late)
            assert await counting == "settled"

    rig.sql("INSERT INTO cash_count (stay_id, cassette_id, reference, counted_at, counted_by,"
            " source, pieces, digest) VALUES ($1, $2, $2, clock_timestamp(), 'test', 'message',"
            " '[{\"currency\": \"EUR\", \"value_minor\": 1000, \"kind\": \"note\", \"count\": 2}]',"
            " sha256('x'))", stay, cassette)
    rig.run(both())


def test_a_safe_that_never_told_its_swap_holds_up_no_later_count(rig):
    """The cassette is said to be in one safe still, and has come out of another since."""
    forgotten, vault = Vault(rig), Vault(rig)
    cassette = forgotten.cassette
    returned(vault, cassette)
    key = vault.deposit(((FIFTY, 1),))
    vault.swap()
    assert vault.counted(cassette, ((FIFTY, 1),)).stay == "settled"
    assert vault.state(key) == "verified/night"
