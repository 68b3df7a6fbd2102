"""A credit in real time: what the bank answers is what the deposit becomes, and it is paid once."""

from __future__ import annotations

import asyncio

import pytest

from terminals.bank.conduct import Rule
from tests.support.bank_scene import CHF, EUR, hurried, play
from tests.support.databases import fresh


@pytest.fixture(scope="module")
def shared_url(servers):
    with fresh(servers, "bank") as url:
        yield url


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    with hurried(monkeypatch):
        yield


@pytest.fixture
def at(tmp_path, shared_url, papers):
    """Plays a story before a bank of its own."""
    def run(story, **more):
        play(tmp_path, shared_url, papers, story, **more)
    return run


def test_a_deposit_is_credited(at):
    async def story(scene):
        (key,) = await scene.deposit(amount=12_345)
        async with scene.connector() as connector:
            await scene.until(lambda rows: rows[0]["credit"] == "accepted")
            assert connector.counts.outcomes[scene.bank_id, "accept"] == 1
        (row,) = await scene.deposits()
        assert (row["state"], row["bank_reason"], row["rail"], row["tries"]) == (
            "provisional", "ACCC", "instant", 1)
        assert row["recorded_at"] <= row["sent_at"] <= row["answered_at"]
        (payment,) = scene.paid()
        assert payment.end_to_end_id == f"D261122{row['journal_id']:X}"
        assert (payment.amount_minor, payment.currency, payment.creditor, payment.debtor) == (
            12_345, "EUR", "AT611904300234573201", EUR["debtor"]["iban"])
        assert (payment.service, payment.seen) == ("INST", 1)
        assert payment.remittance.startswith("SAFE S0001 2026-11-22")
        assert [event for event, _ in await scene.changes(key)] == ["send", "accept", "credited"]

    at(story)


def test_another_currency_has_its_own_rail(at):
    async def story(scene):
        await scene.deposit(currency="CHF", amount=500_000)
        await scene.settle("accepted")
        (payment,) = scene.paid()
        assert (payment.service, payment.debtor) == ("", CHF["debtor"]["iban"])

    at(story)


@pytest.mark.parametrize(("reason", "credit", "cases"), [
    ("AC04", "refused", 1), ("XY99", "refused", 1), ("AM02", "night", 0), ("AG03", "night", 0)])
def test_a_refusal_is_for_good_or_by_another_rail(at, reason, credit, cases):
    async def story(scene):
        (key,) = await scene.deposit()
        await scene.behave(Rule(do="refuse", reason=reason))
        await scene.settle(credit)
        (row,) = await scene.deposits()
        assert (row["state"], row["bank_reason"]) == ("reported", reason)
        assert scene.paid() == []
        found = await scene.pool.fetch("SELECT kind FROM cash_case WHERE deposit_key = $1", key)
        assert [one["kind"] for one in found] == ["refused_by_bank"] * cases

    at(story)


def test_a_passing_refusal_is_tried_again_under_the_same_id(at):
    async def story(scene):
        await scene.deposit()
        await scene.behave(Rule(do="refuse", reason="AB05", times=2))
        await scene.settle("accepted")
        (payment,) = scene.paid()
        assert payment.seen == 3

    at(story)


def test_a_passing_refusal_that_does_not_pass_goes_by_night(at):
    async def story(scene):
        await scene.deposit()
        await scene.behave(Rule(do="refuse", reason="AM04"))
        await scene.settle("night")
        (payment,) = scene.bank.payments()
        assert (payment.paid, payment.seen) == (False, 4)

    at(story)


@pytest.mark.parametrize("rule", [
    Rule(do="lose", times=1),     # booked, and nobody heard
    Rule(do="swallow", times=1),  # never came: sent again
    Rule(do="hang", times=1),     # silent
    Rule(do="garble", times=1),   # nonsense
    Rule(do="busy", times=1),     # HTTP 503
    Rule(do="pend", delay_ms=300),
], ids=lambda rule: rule.do)
def test_no_answer_is_unknown_until_a_status_says(at, rule):
    async def story(scene):
        (key,) = await scene.deposit()
        await scene.behave(rule)
        await scene.settle("accepted")
        (payment,) = scene.paid()
        assert payment.seen == 1
        events = [event for event, _ in await scene.changes(key)]
        assert events == (["send", "silence", "resend", "accept", "credited"]
                          if rule.do in {"swallow", "busy"}
                          else ["send", "silence", "accept", "credited"])

    at(story)


def test_in_process_is_not_credited_by_an_instant_rail(at):
    async def story(scene):
        await scene.deposit()
        await scene.behave(Rule(status="ACSP"))
        async with scene.connector():
            await scene.until(lambda rows: rows[0]["bank_reason"] == "ACSP")
            await asyncio.sleep(0.5)
        (row,) = await scene.deposits()
        assert (row["credit"], row["state"]) == ("unknown", "reported")

    at(story)


def test_answers_that_come_twice_are_never_anothers(at):
    async def story(scene):
        await scene.deposit(60)
        await scene.behave(Rule(do="twice", every=2), Rule(do="refuse", reason="AC04", every=3))
        await scene.settle("accepted", "refused")
        paid = {payment.end_to_end_id for payment in scene.paid()}
        rows = await scene.deposits()
        assert {f"D261122{row['journal_id']:X}" for row in rows
                if row["credit"] == "accepted"} == paid

    at(story)


def test_a_duplicate_refused_is_asked_about(at):
    async def story(scene):
        await scene.deposit()
        await scene.behave(Rule(do="swallow", times=1), repeats="duplicate")
        async with scene.connector():
            await scene.until(lambda rows: rows[0]["credit"] == "accepted")
        # The bank has it already, by a request that nobody here remembers.
        (key,) = await scene.deposit(amount=99)
        await scene.pool.execute("UPDATE deposit SET credit = 'queued', tries = 0, state = "
                                 "'reported' WHERE bank_id = $1 AND key <> $2", scene.bank_id, key)
        await scene.settle("accepted")
        assert sorted(payment.seen for payment in scene.paid()) == [1, 2]

    at(story)


def test_what_the_bank_does_not_take_goes_by_night(at):
    async def story(scene):
        keys = [*await scene.deposit(currency="CHF", amount=500_001),
                *await scene.deposit(currency="USD"), *await scene.deposit(account=2)]
        await scene.pool.execute("UPDATE account SET iban = 'AT00' WHERE account_id = $1",
                                 scene.first_account + 2)
        (good,) = await scene.deposit()
        await scene.settle("accepted", "night")
        why = {key: (await scene.changes(key))[0] for key in keys}
        assert why == {keys[0]: ("give_up", "above_limit"), keys[1]: ("give_up", "no_rail"),
                       keys[2]: ("give_up", "iban_invalid")}
        assert await scene.credit(good) == "accepted"
        assert len(scene.bank.payments()) == 1

    at(story)


def test_outside_its_hours_nothing_is_sent(at):
    async def story(scene):
        (key,) = await scene.deposit()
        await scene.settle("night")
        assert await scene.changes(key) == [("give_up", "outside_hours")]
        assert scene.bank.payments() == []

    at(story, rails=[{**EUR, "days": []}])


def test_a_reversed_deposit_is_not_credited(at):
    async def story(scene):
        (key,) = await scene.deposit()
        await scene.pool.execute("UPDATE deposit SET state = 'reversed' WHERE key = $1", key)
        await scene.settle("none")
        assert await scene.changes(key) == [("withdraw", "reversed")]

    at(story)


def test_a_rule_of_the_bank_that_changes_is_heeded(at):
    async def story(scene):
        async with scene.connector():
            await scene.deposit()
            await scene.until(lambda rows: rows[0]["credit"] == "accepted")
            await scene.pool.execute("UPDATE bank SET status = 'down' WHERE bank_id = $1",
                                     scene.bank_id)
            await asyncio.sleep(0.3)
            (key,) = await scene.deposit()
            await scene.until(lambda rows: rows[1]["credit"] == "night")
            assert await scene.changes(key) == [("give_up", "bank_down")]
        assert len(scene.bank.payments()) == 1

    at(story)


def test_two_hosts_share_the_work(at):
    async def story(scene):
        async with scene.connector(), scene.connector() as second:
            await scene.deposit(150)
            second.wake()
            await scene.until(lambda rows: all(row["credit"] == "accepted" for row in rows))
        payments = scene.bank.payments()
        assert len(payments) == 150
        assert {payment.seen for payment in payments} == {1}

    at(story)


def test_a_host_that_stops_writes_down_what_it_hears(at):
    async def story(scene):
        await scene.behave(Rule(delay_ms=300))
        await scene.deposit(5)
        async with scene.connector():
            await scene.until(lambda rows: any(row["credit"] == "sent" for row in rows))
        rows = await scene.deposits()
        assert {row["credit"] for row in rows} <= {"accepted", "queued"}
        assert any(row["credit"] == "accepted" for row in rows)

    at(story)
