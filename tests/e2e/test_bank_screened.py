"""A payee who is like somebody on a list is not credited at once: people look first.

The night, which holds what it finds, is tested in test_bank_files.py.
"""

from __future__ import annotations

import asyncio
import json
import os

import asyncpg
import pytest

from authhost.bank.connector import bounds
from authhost.bank.payees import UNREADABLE, Payees
from clearing.bankfiles.payees import NAME
from clearing.bankfiles.screening import SCREENING
from terminals.bank.conduct import Rule
from tests.support.bank_scene import hurried, play
from tests.support.databases import fresh

HEAD = "id,name,program\n"
LISTED = HEAD + "E-1,client 1,TEST\n"
DECIDE = ("WITH e AS (UPDATE clearing_exception SET state = 'closed' WHERE state = 'open' "
          "RETURNING *) INSERT INTO exception_decision (exception_id, stream, reason, "
          "subject_kind, subject, decision, decided_by) SELECT exception_id, stream, reason, "
          "subject_kind, subject, $1, 'b' FROM e")
OPEN = ("SELECT reason, subject_kind, subject, account_id, amount_minor::int, stream, "
        "content ->> 'listed' AS listed, content ->> 'end_to_end_id' AS id "
        "FROM clearing_exception WHERE account_id = $1 AND state = 'open'")


@pytest.fixture(scope="module")
def shared_url(servers):
    with fresh(servers, "screened") as url:
        yield url


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(bounds, "BANKS_S", 0.05)
    monkeypatch.setattr(bounds, "DECISIONS_S", 0.05)
    with hurried(monkeypatch):
        yield


@pytest.fixture
def at(tmp_path, shared_url, papers):
    """Plays a story before a bank of its own, with a list."""
    def run(story, **more):
        path = tmp_path / "list.csv"
        path.write_text(LISTED)
        play(tmp_path, shared_url, papers, lambda scene: story(scene, path), **more)
    return run


def write(path, text):
    """A new list, changed as a file is that an editor has saved."""
    path.write_text(text)
    os.utime(path, ns=(path.stat().st_mtime_ns + 10**9,) * 2)


async def until_last(scene, credit, **deposit):
    """Deposits come until the last of them is this: a new list is read a moment after it is there.
    """
    for _ in range(100):
        await scene.deposit(**deposit)
        rows = await scene.until(lambda rows: all(
            row["credit"] in {"accepted", "night"} for row in rows))
        if rows[-1]["credit"] == credit:
            return
    raise AssertionError(f"no deposit is {credit}")


def test_who_is_listed_waits_for_the_night_and_others_do_not(at):
    async def story(scene, path):
        listed, also = await scene.deposit(2, amount=700)
        other, = await scene.deposit(account=2)
        async with scene.connector(screening=path):
            await scene.until(lambda rows: all(row["credit"] != "queued" for row in rows))
            await scene.until(lambda rows: [row["credit"] for row in rows] == [
                "night", "night", "accepted"])
        assert await scene.changes(listed) == [("give_up", SCREENING)]
        assert [payment.amount_minor for payment in scene.paid()] == [12_345], other
        row, = await scene.pool.fetch(OPEN, scene.first_account + 1)
        account = scene.first_account + 1
        assert tuple(row)[:7] == (SCREENING, "payee", f"{account}/E-1/client 1", account, 700,
                                  "cash", "client 1"), also
        assert row["id"].startswith("D261122")

    at(story)


def test_whom_people_release_is_credited_at_once(at):
    async def story(scene, path):
        await scene.deposit()
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["credit"] == "night")
            await scene.pool.execute(DECIDE, "release")
            # Not what was decided already: the next night has it.
            for _ in range(100):
                key, = await scene.deposit(amount=5)
                rows = await scene.until(
                    lambda rows: all(row["credit"] != "queued" for row in rows))
                if {row["key"]: row["credit"] for row in rows}[key] != "night":
                    break
            await scene.until(lambda rows: rows[-1]["credit"] == "accepted")
        assert {payment.amount_minor for payment in scene.paid()} == {5}

    at(story)


@pytest.mark.parametrize("pace_s", [0.05, 60])
def test_whom_people_have_rejected_they_are_not_asked_about_again(at, monkeypatch, pace_s):
    """At once, not when the host next reads what was decided."""
    async def story(scene, path):
        monkeypatch.setattr(bounds, "DECISIONS_S", pace_s)
        await scene.deposit()
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["credit"] == "night")
            await scene.pool.execute(DECIDE, "reject")
            await asyncio.sleep(0.2)
            key, = await scene.deposit()
            await scene.until(lambda rows: rows[-1]["credit"] == "night")
        assert await scene.changes(key) == [("give_up", SCREENING)]
        assert await scene.pool.fetch(OPEN, scene.first_account + 1) == []

    at(story)


def test_who_is_listed_between_two_tries_is_told_too(at, monkeypatch):
    """His credit was refused for a passing cause, and goes by night with the bank's word."""
    async def story(scene, path):
        monkeypatch.setattr(bounds, "LATER_S", 1.5)
        write(path, HEAD)
        await scene.behave(Rule(do="refuse", reason="AB05"))
        await scene.deposit()
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["bank_reason"] == "AB05")
            write(path, LISTED + "E-2,another,TEST\n")
            row, = await scene.until(lambda rows: rows[0]["credit"] == "night")
        assert [payment.seen for payment in scene.bank.payments()] == [1]
        assert row["bank_reason"] == "AB05"
        row, = await scene.pool.fetch(OPEN, scene.first_account + 1)
        assert (row["reason"], row["amount_minor"]) == (SCREENING, 12_345)

    at(story)


def test_who_goes_by_night_for_another_cause_is_told_too(at):
    """The night may have no list, and then the exception alone holds him."""
    async def story(scene, path):
        listed, = await scene.deposit(currency="CHF", amount=600_000)
        also, = await scene.deposit(account=2, currency="CHF", amount=600_000)
        async with scene.connector(screening=path):
            await scene.until(lambda rows: all(row["credit"] == "night" for row in rows))
        (event, why), = await scene.changes(listed)
        assert event == "give_up"
        assert why != SCREENING
        assert await scene.changes(also) == [(event, why)]
        row, = await scene.pool.fetch(OPEN, scene.first_account + 1)
        assert row["reason"] == SCREENING
        assert await scene.pool.fetch(OPEN, scene.first_account + 2) == []

    at(story)


def test_what_was_decided_is_read_now_and_then(at, monkeypatch):
    """Not at every look for a new list: each host reads all of it."""
    async def story(scene, path):
        monkeypatch.setattr(bounds, "DECISIONS_S", 60)
        payees, asked = Payees(scene.pool, path), []
        fetch = asyncpg.Pool.fetch

        def counted(pool, text, *values):
            asked.append(text)
            return fetch(pool, text, *values)

        monkeypatch.setattr(asyncpg.Pool, "fetch", counted)
        await payees.look()
        await payees.look()
        once = list(asked)
        assert len(once) == 3, "what was found, by list and by name, and what was decided"
        monkeypatch.setattr(bounds, "DECISIONS_S", 0)
        await payees.look()
        assert asked == [*once, *once]

    at(story)


def test_a_list_that_changes_counts(at):
    async def story(scene, path):
        write(path, HEAD)
        await scene.deposit()
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["credit"] == "accepted")
            write(path, HEAD + "E-1,somebody,TEST\nE-2,Client 1,TEST\n")
            await until_last(scene, "night")

    at(story)


@pytest.mark.parametrize("text", [None, "name\nX\n", HEAD + "E-1,\n"])
def test_nobody_is_credited_at_once_unseen(text, at):
    """A list that is not there, or is none; and mended all goes on."""
    async def story(scene, path):
        path.unlink()
        if text is not None:
            write(path, text)
        key, = await scene.deposit(account=2)
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["credit"] == "night")
            assert await scene.changes(key) == [("give_up", UNREADABLE)]
            write(path, LISTED + "E-9,later,TEST\n")
            await until_last(scene, "accepted", account=2)

    at(story)


def test_whom_the_list_had_that_cannot_be_read_any_more_is_told(at):
    """A night has perhaps no list of its own: it holds him for the exception alone."""
    async def story(scene, path):
        async with scene.connector(screening=path):
            await scene.deposit(account=2)
            await scene.until(lambda rows: rows[-1]["credit"] == "accepted")
            write(path, "name\nX\n")
            await until_last(scene, "night", account=2)
            key, = await scene.deposit(amount=700)
            await scene.until(lambda rows: all(
                row["credit"] in {"accepted", "night"} for row in rows))
        assert await scene.changes(key) == [("give_up", UNREADABLE)]
        row, = await scene.pool.fetch(OPEN, scene.first_account + 1)
        assert (row["reason"], row["amount_minor"]) == (SCREENING, 700)

    at(story)


FOUND = ("INSERT INTO clearing_exception (stream, reason, subject_kind, subject, account_id, "
         "content) VALUES ('cash', $1, 'payee', $2, $3, $4::text::jsonb)")


async def found_by_night(scene, account, reason=SCREENING):
    """The night's own list has found the client, or his bank has another name."""
    row = await scene.pool.fetchrow("SELECT name, iban FROM account WHERE account_id = $1", account)
    subject = f"{account}/N-1/{row['name'].casefold()}" if reason == SCREENING \
        else f"{account}/{row['iban']}/{row['name']}"
    content = {"name": row["name"], "entry": "N-1", "listed": row["name"], "program": "",
               "way": "exact", "iban": row["iban"]}
    await scene.pool.execute(FOUND, reason, subject, account, json.dumps(content))


@pytest.mark.parametrize("has_list", [False, True])
@pytest.mark.parametrize("reason", [SCREENING, NAME])
@pytest.mark.parametrize("decided", [None, "reject"])
def test_whom_a_night_has_found_no_host_credits_at_once(at, has_list, reason, decided):
    """Whichever list a host has, and if it has none: nobody has released him."""
    async def story(scene, path):
        write(path, HEAD)
        await found_by_night(scene, scene.first_account + 1, reason)
        if decided:
            await scene.pool.execute(DECIDE, decided)
        found, = await scene.deposit(amount=700)
        other, = await scene.deposit(account=2)
        async with scene.connector(screening=path if has_list else None):
            await scene.until(lambda rows: [row["credit"] for row in rows] == [
                "night", "accepted"])
        assert await scene.changes(found) == [("give_up", reason)]
        assert [payment.amount_minor for payment in scene.paid()] == [12_345], other
        assert len(await scene.pool.fetch(OPEN, scene.first_account + 1)) == (decided is None)

    at(story)


@pytest.mark.parametrize("decided", [None, "reject"])
def test_the_newest_word_of_his_bank_counts(at, decided):
    """It has said that the name is not his, and then that it is."""
    async def story(scene, path):
        account = scene.first_account + 1
        await found_by_night(scene, account, NAME)
        if decided:
            await scene.pool.execute(DECIDE, decided)
        for outcome, credit in (("no_match", "night"), ("match", "accepted")):
            await scene.pool.execute(
                "INSERT INTO payee_verification (iban, name, outcome) "
                "SELECT iban, name, $2 FROM account WHERE account_id = $1", account, outcome)
            await scene.deposit()
            async with scene.connector():
                await scene.until(lambda rows: rows[-1]["credit"] not in {"queued", "sent"})
            rows = await scene.until(lambda rows: rows)
            assert rows[-1]["credit"] == credit, outcome

    at(story)


def test_whom_a_night_has_found_people_release(at):
    """And of another name of his nobody has said anything."""
    async def story(scene, path):
        await found_by_night(scene, scene.first_account + 1)
        await found_by_night(scene, scene.first_account + 2)
        await scene.pool.execute("UPDATE account SET name = 'another' WHERE account_id = $1",
                                 scene.first_account + 2)
        await scene.deposit()
        await scene.deposit(account=2)
        async with scene.connector():
            await scene.until(lambda rows: [row["credit"] for row in rows] == [
                "night", "accepted"])
            await scene.pool.execute(DECIDE, "release")
            await asyncio.sleep(0.5)
            await scene.deposit(amount=5)
            await scene.until(lambda rows: rows[-1]["credit"] == "accepted")

    at(story)


@pytest.mark.parametrize(("reason", "credit"), [("AC04", "refused"), ("AC14", "night")])
def test_who_is_listed_before_his_bank_refuses_is_told_too(at, reason, credit):
    """For good, or to be paid by night: the exception holds it, whatever people make of the
    refusal. What nobody is listed for is no exception."""
    async def story(scene, path):
        write(path, HEAD)
        await scene.behave(Rule(do="pend", delay_ms=1_000, reason=reason))
        await scene.deposit(amount=700)
        await scene.deposit(account=2)
        async with scene.connector(screening=path):
            await scene.until(lambda rows: all(row["credit"] in {"sent", "unknown"}
                                               for row in rows))
            write(path, LISTED)
            await scene.until(lambda rows: [row["credit"] for row in rows] == [credit, credit])
            row, = await scene.pool.fetch(OPEN, scene.first_account + 1)
            assert (row["reason"], row["amount_minor"]) == (SCREENING, 700)
            assert await scene.pool.fetch(OPEN, scene.first_account + 2) == []
            assert scene.paid() == []

    at(story)
