"""A payee who is like somebody on a list is not credited at once: people look first.

The night, which holds what it finds, is tested in test_bank_files.py.
"""

from __future__ import annotations

import os

import pytest

from authhost.bank.connector import bounds
from authhost.bank.payees import UNREADABLE
from clearing.bankfiles.screening import SCREENING
from tests.support.bank_scene import hurried, play
from tests.support.databases import fresh

HEAD = "id,name,program\n"
LISTED = HEAD + "E-1,client 1,TEST\n"
DECIDE = ("WITH e AS (UPDATE clearing_exception SET state = 'closed' WHERE state = 'open' "
          "RETURNING *) INSERT INTO exception_decision (exception_id, stream, reason, "
          "subject_kind, subject, decision, decided_by) SELECT exception_id, stream, reason, "
          "subject_kind, subject, 'release', 'b' FROM e")
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
            await scene.pool.execute(DECIDE)
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


def test_a_list_that_changes_counts(at):
    async def story(scene, path):
        write(path, HEAD)
        await scene.deposit()
        async with scene.connector(screening=path):
            await scene.until(lambda rows: rows[0]["credit"] == "accepted")
            write(path, HEAD + "E-1,somebody,TEST\nE-2,Client 1,TEST\n")
            for _ in range(100):
                await scene.deposit()
                rows = await scene.until(lambda rows: all(
                    row["credit"] in {"accepted", "night"} for row in rows))
                if rows[-1]["credit"] == "night":
                    break
            assert rows[-1]["credit"] == "night"

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
            for _ in range(100):
                await scene.deposit(account=2)
                rows = await scene.until(lambda rows: all(
                    row["credit"] in {"accepted", "night"} for row in rows))
                if rows[-1]["credit"] == "accepted":
                    break
            assert rows[-1]["credit"] == "accepted"

    at(story)
