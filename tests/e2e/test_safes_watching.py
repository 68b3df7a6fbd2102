"""What the host itself sees at safes: silence, told once and ended once, and numbers that are left
out for ever."""

import asyncio
from datetime import timedelta

import pytest

from authhost import limits
from authhost.bootstrap import make_host
from authhost.safes import sequences
from authhost.safes.sequences import Numbers
from tests.support.rig import running
from tests.support.safes import Device


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture
def safe(rig):
    rig.sql("UPDATE safe SET silent_min = 0")  # of tests before this one
    made = Device(rig)
    made.begin()
    rig.run(rig.host.cash.safes.sequences.flush())
    look(rig)
    return made


def look(rig):
    rig.run(rig.host.cash.safes.watching.look())
    return rig.host.cash.safes.watching.silent


def heard(rig, safe, **ago):
    """Nothing was heard of it since then."""
    rig.sql("UPDATE safe SET last_seen_at = $2 WHERE terminal_id = $1", safe.terminal_id,
            rig.settings.clock.now() - timedelta(**ago))


def events(rig, safe):
    return [(row["code"], row["state"]) for row in rig.sql(
        "SELECT code, state FROM safe_event WHERE terminal_id = $1 ORDER BY event_id",
        safe.terminal_id)]


def test_a_silent_safe_is_an_alarm_once_until_it_speaks(rig, office, safe):
    watcher = office.person("monitoring")

    def state():
        return watcher.get("/safe-status", safe=safe.terminal_id).json()["data"][0]["state"]

    heard(rig, safe, minutes=14)
    assert (look(rig), events(rig, safe), state()) == (0, [], "ok")
    heard(rig, safe, minutes=16)
    assert (look(rig), look(rig)) == (1, 1)
    assert events(rig, safe) == [("silent", "raised")]
    assert state() == "silent"
    assert watcher.get("/safe-status", safe=safe.terminal_id).json()["data"][0]["seen_here"] == [
        "silent"]
    safe.tell("/status")
    rig.run(rig.host.cash.safes.sequences.flush())
    assert (look(rig), look(rig), state()) == (0, 0, "ok")
    assert events(rig, safe) == [("silent", "raised"), ("silent", "cleared")]


def test_who_watches_hears_it_in_the_feed_of_alarms(rig, office, safe):
    heard(rig, safe, minutes=20)
    look(rig)
    rig.sql("UPDATE safe_event SET recorded_at = recorded_at - interval '5 s'")
    safe.tell("/alarms", code="jam", severity="warning", text="Bela opened it")
    rig.sql("UPDATE safe_message SET recorded_at = recorded_at - interval '4 s'"
            " WHERE kind = 'alarm'")
    watcher = office.person("monitoring")
    page = watcher.get("/safe-alarms", safe=safe.terminal_id, limit=1).json()
    raised, = page["data"]
    assert (raised["code"], raised["state"], raised["severity"], raised["sequence"]) == (
        "silent", "raised", "alarm", None)
    assert raised["detail"]["silent_s"] >= 20 * 60
    rest = watcher.get("/safe-alarms", safe=safe.terminal_id, after=page["next"]).json()
    assert [(one["code"], one["state"], one["sequence"]) for one in rest["data"]] == [
        ("jam", "happened", safe.sequence)]
    assert "Bela" not in str(rest)
    assert watcher.get("/safe-alarms", safe=safe.terminal_id, after=rest["next"]).json()[
        "data"] == []
    assert watcher.get("/safe-alarms", safe=safe.terminal_id, severity="alarm").json()["data"] == [
        raised]
    other = office.person("client", account_id=rig.portfolio.account("safe_client"))
    assert other.get("/safe-alarms").json()["data"] == []
    own = office.person("client", account_id=safe.account_id)
    assert len(own.get("/safe-alarms").json()["data"]) == 2


@pytest.mark.parametrize("why", ["never", "signed_off", "blocked", "not_watched", "new"])
def test_whose_silence_is_none(rig, office, safe, why):
    heard(rig, safe, days=2)
    boss = office.person("administrator")
    if why == "signed_off":
        safe.tell("/sign-off")
        heard(rig, safe, days=2)
        row = boss.get("/safe-status", safe=safe.terminal_id, state="off").json()["data"]
        assert len(row) == 1
    elif why == "blocked":
        boss.patch(f"/terminals/{safe.terminal_id}", {"status": "blocked"})
    elif why == "new":
        rig.sql("UPDATE safe SET last_seen_at = NULL WHERE terminal_id = $1", safe.terminal_id)
    else:
        minutes = {"never": 0, "not_watched": 10_080}[why]
        changed = boss.patch(f"/safes/{safe.terminal_id}", {"silent_min": minutes})
        assert changed.json()["silent_min"] == minutes
    assert (look(rig), events(rig, safe)) == (0, [])
    if why == "signed_off":
        safe.tell("/sign-on", software="2", cassette=safe.cassette)
        heard(rig, safe, days=2)
        assert look(rig) == 1


def test_two_hosts_that_look_at_once_tell_it_once(rig, safe):
    other = rig.run(make_host(rig.settings))
    heard(rig, safe, hours=1)

    async def both():
        await asyncio.gather(*(host.cash.safes.watching.look()
                               for host in (rig.host, other) for _ in range(8)))
    try:
        rig.run(both())
        assert events(rig, safe) == [("silent", "raised")]
    finally:
        rig.run(close(other))


async def close(host):
    await host.state.close()
    await host.hsm_pool.close()
    await host._pool.close()


def told(rig, safe, numbers):
    """Numbers as if their messages had come, by the way of all messages."""
    room = rig.host.cash.safes.sequences
    for number in numbers:
        room.note(safe.terminal_id, number)
    rig.run(room.flush())


def ranges(rig, safe):
    return rig.sql("SELECT count(*)::int FROM safe, unnest(sequence_seen) WHERE terminal_id = $1",
                   safe.terminal_id)[0][0]


@pytest.mark.invariant(16)
def test_numbers_that_are_left_out_for_ever_do_not_fill_the_row(rig, office, safe):
    room = rig.host.cash.safes.sequences
    assert rig.run(room.missing(safe.terminal_id)) == ()
    most = 0
    for start in range(101, 101 + 6 * limits.SEQUENCE_RANGES, 400):
        told(rig, safe, range(start, start + 400, 2))
        most = max(most, ranges(rig, safe))
        known = room._known.get(safe.terminal_id)
        assert known is not None
        assert len(known.numbers._ranges) <= limits.SEQUENCE_RANGES
    assert limits.SEQUENCE_RANGES_KEPT < most <= limits.SEQUENCE_RANGES
    assert events(rig, safe) == [("numbers", "raised")]
    detail = rig.sql("SELECT detail ->> 'given_up_to' FROM safe_event WHERE terminal_id = $1",
                     safe.terminal_id)[0][0]
    assert int(detail) >= 101
    # The newest gaps are asked for still, the oldest no more, in this process and in the next.
    for _ in range(2):
        missing = rig.run(room.missing(safe.terminal_id))
        assert len(missing) == limits.MISSING_RANGES
        assert missing[0][0] > 101
        room._known.clear()
    # What was given up is taken all the same when it comes, and counts once.
    first = safe.send("/deposits", safe.cash(2, sequence=102))
    assert (first.json()["decision"], first.json()["withheld"]) == ("approved", [])
    assert safe.send("/deposits", safe.cash(2, sequence=102)).json()["key"] == first.json()["key"]
    assert [row["sequence"] for row in safe.rows()] == [102]
    # A day in order ends the alarm.
    look(rig)
    assert events(rig, safe) == [("numbers", "raised")]
    rig.sql("UPDATE safe_alarm SET last_at = last_at - interval '25 hours' WHERE code = 'numbers'")
    look(rig)
    assert events(rig, safe) == [("numbers", "raised"), ("numbers", "cleared")]


def test_a_gap_that_is_young_is_kept_whatever_the_number(rig, safe):
    told(rig, safe, [*range(3, 400), *range(500, 700, 2)])
    assert ranges(rig, safe) == 101
    assert events(rig, safe) == []
    assert rig.run(rig.host.cash.safes.sequences.missing(safe.terminal_id))[0] == (400, 499)


def test_what_waits_for_a_database_is_bounded(rig, safe, monkeypatch):
    room = sequences.Sequences(rig.host._pool, rig.settings.clock)
    for number in range(1, 10 * limits.SEQUENCE_RANGES, 2):
        room.note(safe.terminal_id, number)
    assert len(room._pending[safe.terminal_id]._ranges) == limits.SEQUENCE_RANGES + 1


def test_giving_up_keeps_the_newest():
    numbers = Numbers((one, one) for one in range(2, 2 * limits.SEQUENCE_RANGES + 4, 2))
    assert numbers.is_full
    numbers.give_up()
    assert len(numbers._ranges) == limits.SEQUENCE_RANGES_KEPT
    assert 1 in numbers
    last = numbers._ranges[-1][1]
    assert last == 2 * limits.SEQUENCE_RANGES + 2
    assert last - 1 not in numbers
