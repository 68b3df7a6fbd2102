"""Several hosts on one state: a limit holds for all of them, a change is in force at once."""

import time

import pytest

from authhost import console, limits
from authhost.journal.entry import JournalUnavailable
from authhost.journal.lane import Lane
from authhost.model import Kind
from tests.support.rig import approved, many, posting


@pytest.mark.invariant(1)
def test_two_hosts_racing_on_one_account_never_pass_its_limit(rig):
    card = rig.card(account_limits=[("day", "money", 5_000)], limits=[("day", "count", 120)])
    other = rig.start()
    requests = [rig.request(Kind.SALE, card, 73) for _ in range(200)]
    answers = rig.run(many([rig.host, other], requests))
    rig.run(other.stop())
    assert len(approved(answers)) == 5_000 // 73
    assert rig.taken(card.account_id)[0] == 5_000 // 73 * 73
    assert rig.counted(card)["day:money"] == 5_000 // 73 * 73
    assert {answer.reason for answer in answers} == {"approved", "limit:account:day:money"}


@pytest.mark.parametrize("change", ["card", "account"])
def test_what_is_blocked_is_refused_at_once_on_every_host(rig, change):
    card = rig.card()
    other = rig.start()
    for host in (rig.host, other):
        assert rig.ask(rig.request(Kind.SALE, card, 1), host).action == "000"
    if change == "card":
        rig.run(console.set_card_status(rig.database_url, card.card_id, "blocked", "test"))
    else:
        rig.sql("UPDATE account SET status = 'blocked' WHERE account_id = $1", card.account_id)
        rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", card.account_id)
    for host in (rig.host, other, rig.host):
        assert rig.ask(rig.request(Kind.SALE, card, 1), host).reason == f"{change}_blocked"
    rig.run(other.stop())


def test_a_blocked_terminal_is_refused_at_once(rig):
    card = rig.card()
    assert rig.sale(card, 1, terminal="POS00002").action == "000"
    rig.sql("WITH t AS (UPDATE terminal SET status = 'blocked' WHERE terminal_id = 'POS00002') "
            "UPDATE rules SET version = version + 1")
    assert rig.sale(card, 1, terminal="POS00002").reason == "terminal_blocked"


@pytest.mark.invariant(16)
def test_the_journals_queue_is_bounded(rig, monkeypatch):
    monkeypatch.setattr(limits, "JOURNAL_QUEUE", 3)
    idle: Lane = Lane(rig.database_url, rig.host.append_work, 10, rig.settings.clock.real_now_us)
    item = posting(rig, rig.request(Kind.OFFLINE_SALE, None, 1))

    async def fill():
        idle.start()
        for _ in range(3):
            idle.put(item)
        began = time.perf_counter()
        with pytest.raises(JournalUnavailable):
            idle.put(item)
        assert time.perf_counter() - began < 0.1
        assert idle.depth == 3
        await idle.close()

    rig.run(fill())
