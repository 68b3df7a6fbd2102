"""Forecasts from the journal's own rows, the courier who is asked in time, and who may see it."""

import asyncio
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from authhost.admin.access import operator
from authhost.admin.keyring import Keyring
from authhost.clock import Clock
from authhost.custody.pickups import Pickups
from authhost.doors.admission import Admission
from authhost.doors.forecast import ForecastRoutes
from authhost.forecast.forecasts import Forecasts
from loadtest import forecast as comparison
from tests.support.doors import door
from tests.support.rig import running

HERE = Path(__file__).parent
SETUP, DEPOSIT, RESET, STATUS = (
    (HERE / f"forecast_{name}.sql").read_text() for name in ("setup", "deposit", "reset", "status"))
TODAY = date(2026, 7, 23)  # a Thursday
NOON = datetime(2026, 7, 23, 10, tzinfo=UTC)  # 12:00 in Vienna
BOSS = operator("test")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        made.run(execute(made, SETUP))
        yield made


@pytest.fixture(autouse=True)
def clean(rig):
    rig.run(execute(rig, RESET))


async def execute(rig, script):
    async with rig.host._pool.acquire() as connection:
        await connection.execute(script)


def at(instant):
    """A clock that stands still there."""
    return Clock(0, int(instant.timestamp() * 1_000_000), 0)


def forecasts(rig, now=NOON):
    clock = at(now)
    return Forecasts(rig.host._pool, clock, Pickups(rig.host._pool, clock).ask)


def put(rig, day, notes=0, coins=0, **more):
    """One deposit."""
    rig.sql(DEPOSIT, json.dumps([one(day, notes, coins, **more)]))


def one(day, notes=0, coins=0, *, terminal="S1", detail=None, business=None, inside=False, hour=9):
    """A deposit as forecast_deposit.sql wants it."""
    said = {"notes": notes, "coins": coins, "local_time": f"{day}T{hour:02d}:00:00"}
    return {"key": f"f{next(_numbers)}", "terminal": terminal, "date": str(business or day),
            "at": f"{day}T{hour:02d}:00:00Z", "notes": notes, "coins": coins,
            "detail": said if detail is None else detail, "inside": inside}


def eight_weeks(rig, wobble=0):
    """The same on each day but Sundays, or nearly; business dates closed."""
    days = [(TODAY - timedelta(days=age), age) for age in range(1, 57)]
    rig.sql(DEPOSIT, json.dumps([one(day, 100 + age // 7 % 2 * wobble) for day, age in days
                                 if day.weekday() != 6]))


def rolled(rig):
    return {(row["terminal_id"], row["local_day"]): (row["notes"], row["coins"], row["deposits"])
            for row in rig.sql("SELECT * FROM safe_day")}


def requests(rig):
    return rig.sql("SELECT * FROM pickup_request ORDER BY pickup_id")


def say(rig, when, **fill):
    rig.sql(STATUS, "S1", next(_numbers), when, json.dumps({"fill": fill}))


def test_closed_days_are_rolled_up_once_by_the_safe_s_own_day(rig):
    day = date(2026, 7, 21)
    put(rig, day, 10, 3)
    put(rig, day, 5, hour=23)  # 01:00 of the next day in Vienna, but the safe says 23:00
    put(rig, day, 7, detail={"notes": 7, "local_time": "2026-07-14T12:00:00"})  # off line
    put(rig, day, 1, detail={"notes": 1, "local_time": "2026-02-31T12:00:00"})
    put(rig, day, 1, detail={"notes": 1, "local_time": "2031-01-01T12:00:00"})
    put(rig, day, hour=23, detail={"denominations": [
        {"value_minor": 1_000, "count": 4}, {"value_minor": 100, "count": 9, "kind": "coin"}]})
    put(rig, TODAY, 50)
    put(rig, day, 99, terminal="SAFE0001")  # a terminal that is no safe of ours
    room = forecasts(rig)
    assert rig.run(room.roll_up()) > 0
    assert rolled(rig) == {("S1", day): (17, 3, 4), ("S1", date(2026, 7, 14)): (7, 0, 1),
                           ("S1", date(2026, 7, 22)): (4, 9, 1)}
    assert rig.run(room.roll_up()) == 0
    assert rig.run(forecasts(rig).roll_up()) == 0


def test_hosts_that_roll_up_at_the_same_time_do_it_once(rig):
    put(rig, date(2026, 7, 21), 10)

    async def both():
        return await asyncio.gather(*(forecasts(rig).roll_up() for _ in range(3)))

    rig.run(both())
    assert rolled(rig) == {("S1", date(2026, 7, 21)): (10, 0, 1)}


def test_a_safe_s_days_say_when_it_is_full(rig):
    eight_weeks(rig)
    for age in (3, 2, 1):  # since Monday, when the cassette came: 300, and 100 today
        put(rig, TODAY - timedelta(days=age), 0, inside=True)
    put(rig, TODAY, 100, inside=True)
    rig.sql("UPDATE deposit SET notes = 110 WHERE stay_id IS NOT NULL")
    room = forecasts(rig)
    rig.run(room.roll_up())
    found = rig.run(room.of("S1", BOSS))
    part = found.compartments[0]
    assert (part.inside, part.counted, part.told, found.percent) == (440, 440, 0, 44)
    assert part.basis == "weekday_average"
    assert part.history_days == 56
    assert part.weekdays == (100,) * 6 + (0,)
    assert found.full.expected == date(2026, 7, 30)  # 560 more; Sunday brings none
    assert (found.wanted, found.pickup_open) == (None, False)
    assert found.courier_by == datetime(2026, 7, 24, 10, tzinfo=UTC)
    other = rig.run(room.of("S2", BOSS))
    assert (other.compartments[0].basis, other.full) == ("no_history", None)
    assert rig.run(room.of("NOBODY", BOSS)) is None


def test_days_that_are_not_closed_yet_count_too(rig):
    """A weekend is one business date: what came on its days is not lost until it is closed."""
    rig.sql(DEPOSIT, json.dumps([one(TODAY - timedelta(days=age), 40, business=TODAY, inside=True)
                                 for age in range(1, 26)]))
    found = rig.run(forecasts(rig).of("S1", BOSS))
    assert found.compartments[0].history_days == 25
    assert found.compartments[0].weekdays == (40,) * 7
    assert found.percent == 100


def test_the_threshold_asks_once_and_with_all_a_courier_needs(rig):
    room = forecasts(rig)
    say(rig, NOON - timedelta(days=9), notes=990)  # before this cassette came
    assert rig.run(room.look()) == 0
    say(rig, NOON - timedelta(hours=1), notes=800, coins="many")
    assert rig.run(room.look()) == 1
    row = requests(rig)[0]
    content = json.loads(row["content"])
    assert (row["terminal_id"], row["reason"], row["courier_id"]) == ("S1", "threshold", "K1")
    assert row["needed_by"] == datetime(2026, 7, 24, 10, tzinfo=UTC)
    assert content["forecast"]["percent"] == 80
    assert content["cassette"] == "340123450000000017"
    assert rig.run(room.look()) == 0
    assert len(requests(rig)) == 1


def test_what_a_person_cancelled_is_not_asked_for_again_that_day(rig):
    say(rig, NOON - timedelta(hours=1), notes=900)
    assert rig.run(forecasts(rig).look()) == 1
    rig.sql("UPDATE pickup_request SET state = 'cancelled', changed_at = $1", NOON)
    assert rig.run(forecasts(rig, NOON + timedelta(hours=23)).look()) == 0
    assert rig.run(forecasts(rig, NOON + timedelta(hours=25)).look()) == 1
    assert [row["state"] for row in requests(rig)] == ["cancelled", "open"]


def test_a_forecast_asks_before_it_is_too_late(rig):
    eight_weeks(rig)
    room = forecasts(rig)
    rig.run(room.roll_up())
    say(rig, NOON, notes=500)
    assert rig.run(room.look()) == 0, "full on Wednesday: somebody who is asked tomorrow comes"
    say(rig, NOON + timedelta(seconds=1), notes=690)
    assert rig.run(room.look()) == 1
    row = requests(rig)[0]
    assert (row["reason"], row["needed_by"]) == (
        "forecast", datetime(2026, 7, 24, 22, tzinfo=UTC)), "Saturday begins in Vienna"
    assert json.loads(row["content"])["forecast"]["full"]["expected"] == "2026-07-27"


def test_one_that_cannot_be_asked_for_keeps_no_other_waiting(rig):
    rig.sql("UPDATE safe SET fill_percent = 1 WHERE terminal_id IN ('S1', 'S2')")
    rig.sql("INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at)"
            " VALUES ('340123450000000024', 'S2', '2026-07-20T06:00:00Z')")
    put(rig, TODAY, 50, inside=True)
    put(rig, TODAY, 50, terminal="S2", inside=True)
    asked = []

    async def ask(terminal_id, reason, needed_by, *, who, **more):
        asked.append(terminal_id)
        if terminal_id == "S1":
            raise OSError("away")

    room = Forecasts(rig.host._pool, at(NOON), ask)
    assert rig.run(room.look()) == 1
    assert asked == ["S1", "S2"]
    rig.sql("UPDATE safe SET fill_percent = 80")
    rig.run(execute(rig, "DELETE FROM deposit"))
    rig.sql("DELETE FROM cassette_stay WHERE terminal_id = 'S2'")


def test_who_may_see_it(rig):
    keyring = Keyring(rig.host._pool)
    routes = ForecastRoutes(forecasts(rig), Admission(keyring, b"s" * 32))
    with door(rig, keyring, routes.endpoints()) as desk:
        people = {
            "monitoring": desk.token("monitoring"), "analyst": desk.token("analyst"),
            "client": desk.token("client", account_id=900_002),
            "courier": desk.token("courier", courier_id="K2"),
            "cashier": desk.token("cashier", account_id=900_002)}
        seen = {}
        for name, token in people.items():
            answer = desk.send("GET", "/v1/forecasts", token=token)
            seen[name] = [one["terminal_id"] for one in answer.json()["data"]] \
                if answer.status_code == 200 else answer.status_code
        assert seen == {"monitoring": ["S1", "S2", "S3"], "analyst": ["S1", "S2", "S3"],
                        "client": ["S1"], "courier": ["S2"], "cashier": 403}
        token = people["monitoring"]
        page = desk.send("GET", "/v1/forecasts?limit=2", token=token).json()
        assert [one["terminal_id"] for one in page["data"]] == ["S1", "S2"]
        rest = desk.send("GET", f"/v1/forecasts?limit=2&after={page['next']}", token=token).json()
        assert ([one["terminal_id"] for one in rest["data"]], rest["next"]) == (["S3"], None)
        one = desk.send("GET", "/v1/safes/S2/forecast", token=people["courier"])
        assert [part["kind"] for part in one.json()["compartments"]] == ["notes", "coins"]
        assert not set(one.text.split('"')) & {"amount_minor", "depositor", "client"}
        for path, token in (("/v1/safes/S1/forecast", people["courier"]),
                            ("/v1/safes/NOBODY/forecast", people["monitoring"]),
                            ("/v1/safes/%00/forecast", people["monitoring"])):
            assert desk.send("GET", path, token=token).status_code == 404
        assert desk.send("GET", "/v1/forecasts?after=x", token=people["analyst"]).status_code == 422
        assert desk.send("GET", "/v1/forecasts").status_code == 401


def test_the_comparison_runs_on_a_host_s_own_histories(rig, capsys, monkeypatch):
    eight_weeks(rig, wobble=4)
    rig.run(forecasts(rig).roll_up())
    monkeypatch.setattr("sys.argv", ["forecast", "--weeks", "3", "--json", "--database-url",
                                     rig.database_url])
    monkeypatch.setattr(comparison, "find_spec", lambda _: None)
    assert comparison.main() == 0
    figures = json.loads(capsys.readouterr().out)
    average = figures["methods"]["average"]["all"]
    assert (figures["safes"], average["days_error"] < 1, average["covered"] > 0.7) \
        == (1, True, True), average
    assert average["origins"] > 2


def test_the_comparison_runs_on_invented_histories(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["forecast", "--each", "2", "--days", "150", "--weeks", "6"])
    monkeypatch.setattr(comparison, "find_spec", lambda _: None)
    assert comparison.main() == 0
    assert "pinball_days" in capsys.readouterr().out
    again = list(comparison.histories(1, 1, 60, TODAY))
    assert again == list(comparison.histories(1, 1, 60, TODAY))
    assert {one.kind for one in again} >= {"shop", "market", "fuel", "seldom", "new"}
