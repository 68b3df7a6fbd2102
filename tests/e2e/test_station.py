"""A station's day: heartbeats and alarms, day totals, shifts to the transaction, parked rows."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from authhost.clock import Clock
from authhost.model import Kind
from authhost.station.parked import (
    NoSuchParked,
    ParkedBusy,
    ParkedDone,
    Posted,
    WhyMissing,
)
from authhost.station.permits import BadPermit, Permit
from authhost.station.shifts import Line, Span
from tests.e2e.station_scene import scene
from tests.support.portfolio import DAY
from tests.support.rig import running

BEAT = {"software": "edge 1.0", "catalogue_version": 0, "unsent": 0,
        "shift": {"number": "20260723-1", "state": "open"}, "link_age_s": 3,
        "last_sequence": "000123"}
SHIFT = {"shift": "20260723-1", "day": "2026-07-23", "from_sequence": "000001",
         "to_sequence": "000099"}


@pytest.fixture(scope="module")
def place(servers):
    with running(servers) as rig, scene(rig) as made:
        yield made


@pytest.fixture
def station(place):
    place.reset()
    for table in ("claim", "journal"):
        # What holds for everybody else: the journal is never emptied.
        place.rig.sql("DO $$ BEGIN SET LOCAL session_replication_role = replica; "
                      f"TRUNCATE {table}; END $$")
    return place


@pytest.fixture
def card(station):
    made, _ = station.chip()
    station.rig.sql("UPDATE card SET program_id = 'FLEET' WHERE card_id = $1", made.card_id)
    return made


def beat(station, name="POS00001", **more):
    at = datetime.now(UTC).isoformat()
    return station.ask("POST", f"{name}/heartbeats", {"at": at, **BEAT, **more})


def line(product, kind, count, amount, volume=0, card_type="FLEET"):
    return {"card_type": card_type, "product": product, "kind": kind, "count": count,
            "amount_minor": amount, "volume_ml": volume}


def told(kind, sequence, amount, *products, day="2026-07-23"):
    return {"kind": kind, "sequence": sequence, "local_date": day, "amount_minor": amount,
            "product_totals": [dict(zip(("product", "amount_minor", "volume_ml"), part,
                                        strict=True)) for part in products]}


def shift(station, *lines, **more):
    answer = station.ask("POST", "POS00001/shifts", {**SHIFT, "totals": lines, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def transactions(station, *rows, number="20260723-1"):
    answer = station.ask("POST", f"POS00001/shifts/{number}/transactions", {"transactions": rows})
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(station, after=0):
    return [(one.kind, one.state, one.terminal_id)
            for one in station.rig.run(station.stations.watching.events(after))]


def test_an_event_that_is_committed_later_is_not_missed(station):
    rig = station.rig
    put = ("INSERT INTO station_event (at, site_id, terminal_id, kind, state, detail)"
           " VALUES (clock_timestamp(), 'S1', 'POS00001', $1, 'happened', '{}')")

    async def race():
        slow = await asyncpg.connect(rig.database_url)
        async with slow.transaction():
            await slow.execute(put, "slow")
            quick = await asyncpg.connect(rig.database_url)
            await quick.execute(put, "quick")
            await quick.close()
            reading = asyncio.create_task(station.stations.watching.events())
            await asyncio.sleep(0.3)
        await slow.close()
        return [one.kind for one in await reading]
    assert rig.run(race()) == ["slow", "quick"]


def test_who_lets_a_station_sell_off_line_is_kept_with_how_it_was(station):
    station.permit(site_id="S1", offline_permitted=True, floor_minor=5)
    station.permit(site_id="S1", offline_permitted=False)
    row = station.rig.sql("SELECT * FROM audit WHERE subject = 'site/S1' ORDER BY id DESC")[0]
    before, after = json.loads(row["change"])["station_rules"]
    assert (row["who"], row["role"]) == ("root", "operator")
    assert (before["offline_permitted"], before["floor_minor"]) == (True, 5)
    assert (after["offline_permitted"], after["floor_minor"]) == (False, None)


def test_a_heartbeat_is_kept_and_shown(station):
    station.permit(site_id="S1", offline_permitted=True)
    version = station.build()
    answer = beat(station, unsent=2, oldest_unsent_at="2026-07-23T10:00:00+02:00").json()
    assert (answer["catalogue_version"], answer["upload"]) == (version, False)
    assert abs(datetime.fromisoformat(answer["time"].replace("Z", "+00:00"))
               - datetime.now(UTC)) < timedelta(seconds=30)
    beat(station, catalogue_version=version)
    one = station.rig.run(station.stations.watching.status(terminal_id="POS00001"))[0]
    assert (one.site_id, one.unsent, one.link_age_s, one.shift, one.shift_state, one.software,
            one.last_sequence) == ("S1", 0, 3, "20260723-1", "open", "edge 1.0", "000123")
    assert (one.catalogue_version, one.catalogue_newest, one.catalogue_old) == (
        version, version, False)
    assert abs(one.clock_s) < 30
    kept = station.rig.run(station.stations.watching.heartbeats_of("POS00001"))
    assert [row["unsent"] for row in kept] == [0, 2]
    silent = station.rig.run(station.stations.watching.status(site_id="S2"))
    assert [(two.terminal_id, two.received_at) for two in silent] == [("POS00002", None)]


@pytest.mark.parametrize(("wrong", "where"), [
    ({"unsent": -1}, "unsent"), ({"shift": {"number": "1", "state": "odd"}}, "shift.state"),
    ({"at": "2026-07-23T10:00:00"}, "at"), ({"software": "a\nb"}, "software"), ({"x": 1}, "")])
def test_a_heartbeat_that_cannot_be_read_is_told_so(station, wrong, where):
    answer = beat(station, **wrong)
    assert (answer.status_code, answer.json()["where"]) == (422, where)
    assert beat(station, "NOBODY").status_code == 404


def test_alarms_begin_and_end_once(station):
    hour = timedelta(hours=1)
    beat(station, unsent=1, oldest_unsent_at=(datetime.now(UTC) - 5 * hour).isoformat(),
         at=(datetime.now(UTC) - hour).isoformat(), catalogue_refused="signature")
    hosts = [station.another() for _ in range(3)]

    async def look():
        await asyncio.gather(*(host.watching.look() for host in hosts))

    station.rig.run(look())
    assert sorted(events(station)) == [(kind, "raised", "POS00001") for kind in (
        "catalogue_refused", "clock", "unsent")]
    assert (hosts[0].watching.alarmed, hosts[0].watching.unsent) == (1, 1)
    beat(station)
    station.rig.run(look())
    station.rig.run(look())
    assert sorted(events(station))[::2] == [(kind, "cleared", "POS00001") for kind in (
        "catalogue_refused", "clock", "unsent")]
    later = station.another(Clock(origin_us=16 * 60 * 1_000_000))
    station.rig.run(later.watching.look())
    assert ("silent", "raised", "POS00001") in events(station)
    assert "silent" in station.rig.run(later.watching.status(terminal_id="POS00001"))[0].alarms


def test_day_totals_by_card_type_kind_and_product(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:4000:30000;400:1000:0")
    sold = station.book(Kind.SALE, "000002", 2_000, card=card, products="001:2000:15000", state=4)
    station.book(Kind.REVERSAL, "000003", 2_000, card=card, products="001:-2000:-15000",
                 original=sold, state=8)
    station.book(Kind.OFFLINE_SALE, "000004", 700, products="400:700:0")
    station.book(Kind.PREAUTHORIZATION, "000005", 9_000, card=card, products="*:9000:0", state=3,
                 posted=0)
    station.book(Kind.COMPLETION, "000006", 3_000, card=card, legs=[
        (3_000, 20_000, "001:3000:20000"), (-9_000, -20_000, "*:-9000:-20000")])
    station.book(Kind.REVERSAL, "000007", 9_000, card=card, posted=0, state=8)
    station.book(Kind.SALE, "000008", 100, card=card, state=0, posted=0)
    again = station.book(Kind.SALE, "000009", 1_000, card=card, state=3, products="400:1000:0")
    station.book(Kind.COMPLETION, "000009", 1_200, posted=200, original=again, card=card, legs=[
        (1_200, 0, "400:1200:0"), (-1_000, 0, "400:-1000:0")])
    answer = station.ask("GET", "POS00001/days/2026-07-23").json()
    assert (answer["site_id"], answer["closed"]) == ("S1", False)
    assert answer["lines"] == [
        line("400", "offline_sale", 1, 700, card_type=""),
        line("001", "reversal", 1, 2_000, 15_000),
        line("001", "sale", 3, 9_000, 65_000), line("400", "sale", 2, 2_200)]
    assert shift(station, *answer["lines"])["state"] == "balanced", "a shift is counted alike"
    assert station.ask("GET", "POS00002/days/2026-07-23").json()["lines"] == []
    assert station.ask("GET", "POS00001/days/2026-07-32").status_code == 422


def test_a_day_that_is_over_is_counted_once(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")
    try:
        station.rig.sql("UPDATE rules SET fuel_date = fuel_date + 1")
        first = station.ask("GET", "POS00001/days/2026-07-23").json()
        assert first["closed"] is True
        assert first["lines"] == [line("001", "sale", 1, 5_000, 40_000)]
        assert station.ask("GET", "POS00001/days/2026-07-23").json() == first
        assert station.ask("GET", "POS00002/days/2026-07-23").json()["lines"] == []
        assert len(station.rig.sql("SELECT FROM station_day")) == 2
    finally:
        station.rig.sql("UPDATE rules SET fuel_date = $1", DAY)


def test_a_balanced_shift_is_closed_for_good(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")
    station.book(Kind.SALE, "000100", 800, card=card, products="001:800:5000")
    good = line("001", "sale", 1, 5_000, 40_000)
    assert shift(station, good) == {"state": "balanced", "differences": []}
    station.book(Kind.SALE, "000002", 100, card=card, products="400:100:0")
    assert shift(station, good) == {"state": "balanced", "differences": []}
    other = shift(station, line("001", "sale", 2, 5_000, 40_000))
    assert other["state"] == "differs"
    assert shift(station, good, line("400", "sale", 1, 100))["state"] == "differs", "it is closed"
    assert [(row["attempt"], row["state"]) for row in
            station.rig.run(station.stations.shifts.listed("POS00001"))] == [
        (3, "differs"), (2, "differs"), (1, "balanced")]
    assert beat(station).json()["upload"] is False, "it is closed"
    with pytest.raises(asyncpg.RaiseError, match="is closed"):
        station.rig.sql("UPDATE station_shift SET wants_upload = true WHERE attempt = 1")
    assert [kind for kind, _, _ in events(station)] == [
        "shift_balanced", "shift_differs", "shift_differs"]


def test_a_mismatch_is_found_to_the_transaction_and_closed_after_the_upload(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")
    station.book(Kind.SALE, "000002", 300, card=card, products="400:300:0")
    station.book(Kind.SALE, "000005", 900, card=card, state=0, posted=0)
    lines = [line("001", "sale", 1, 5_100, 40_000), line("001", "offline_sale", 1, 700, 5_000)]
    first = shift(station, *lines)
    assert first["state"] == "differs"
    assert first["differences"] == [
        {"card_type": "FLEET", "product": "001", "kind": "offline_sale",
         "host": {"count": 0, "amount_minor": 0, "volume_ml": 0},
         "terminal": {"count": 1, "amount_minor": 700, "volume_ml": 5_000}},
        {"card_type": "FLEET", "product": "001", "kind": "sale",
         "host": {"count": 1, "amount_minor": 5_000, "volume_ml": 40_000},
         "terminal": {"count": 1, "amount_minor": 5_100, "volume_ml": 40_000}},
        {"card_type": "FLEET", "product": "400", "kind": "sale",
         "host": {"count": 1, "amount_minor": 300, "volume_ml": 0},
         "terminal": {"count": 0, "amount_minor": 0, "volume_ml": 0}}]
    assert beat(station).json()["upload"] is True
    station.rig.sql("INSERT INTO parked (key, fingerprint, why, content) VALUES"
                    " ('280131/POS00001/22/20260723/000004', '', 'mac', '{}')")
    found = transactions(
        station, told("sale", "1", 5_100, ("001", 5_100, 40_000)),
        told("offline_sale", "000003", 700, ("001", 700, 5_000)),
        told("offline_sale", "000004", 50), told("sale", "000005", 900))
    assert [(row["sequence"], row["why"]) for row in found["missing_at_host"]] == [
        ("000003", ""), ("000004", "parked: mac"), ("000005", "declined: limit:card:day:money")]
    assert [(row["sequence"], row["amount_minor"]) for row in found["missing_at_terminal"]] == [
        ("000002", 300)]
    assert [(row["sequence"], row["fields"], row["host"]["amount_minor"]) for row in
            found["different"]] == [("1", ["amount_minor", "product_totals"], 5_000)]
    right = [line("001", "sale", 1, 5_000, 40_000), line("400", "sale", 1, 300),
             line("001", "offline_sale", 1, 700, 5_000)]
    assert shift(station, *right)["state"] == "differs"
    station.book(Kind.OFFLINE_SALE, "000003", 700, card=card, products="001:700:5000")
    assert shift(station, *right) == {"state": "balanced", "differences": []}
    assert beat(station).json()["upload"] is False
    assert [row["state"] for row in station.rig.run(station.stations.shifts.listed())] == [
        "balanced", "differs"]
    steps = station.rig.sql("SELECT attempt, step FROM station_shift_step ORDER BY step_id")
    assert [tuple(row) for row in steps] == [
        (1, "totals"), (1, "transactions"), (2, "totals"), (2, "totals")]


def test_transactions_that_agree_close_the_shift(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")
    station.book(Kind.RETURN, "000002", 400, card=card, products="400:-400:0")
    assert shift(station, line("001", "sale", 1, 4_000, 40_000))["state"] == "differs"
    found = transactions(station, told("sale", "000001", 5_000), told("return", "000002", 400))
    assert found == {"missing_at_host": [], "missing_at_terminal": [], "different": []}
    assert station.rig.run(station.stations.shifts.listed())[0]["state"] == "balanced"
    assert beat(station).json()["upload"] is False


def test_numbers_that_pass_the_last_one_and_midnight(station, card):
    for day, number in (("20260723", "999998"), ("20260723", "999999"), ("20260724", "000001"),
                        ("20260724", "000002"), ("20260724", "000003"), ("20260723", "999997")):
        station.book(Kind.SALE, number, 100, day=day, card=card, products="400:100:0")
    span = {"from_sequence": "999998", "to_sequence": "000002"}
    assert shift(station, line("400", "sale", 4, 400), **span)["state"] == "balanced"
    assert shift(station, line("400", "sale", 2, 200), **span, shift="x",
                 last_day="2026-07-23")["state"] == "balanced"
    shift(station, shift="next", day="2026-07-24", from_sequence="000002", to_sequence="000003")
    assert shift(station, line("400", "sale", 3, 300), **span, shift="y")["state"] == "balanced"


def test_sales_that_were_taken_back_whole_may_be_told_or_not(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")
    gone = station.book(Kind.SALE, "000002", 900, card=card, products="400:900:0", state=4)
    station.book(Kind.REVERSAL, "000002", 900, card=card, products="400:-900:0", original=gone,
                 state=8)
    kept = line("001", "sale", 1, 5_000, 40_000)
    both = [kept, line("400", "sale", 1, 900), line("400", "reversal", 1, 900)]
    assert shift(station, kept, shift="a")["state"] == "balanced"
    assert shift(station, *both, shift="b")["state"] == "balanced"
    assert shift(station, kept, both[1], shift="c")["state"] == "differs"
    found = transactions(station, told("sale", "1", 5_000), told("sale", "2", 900), number="c")
    assert [row["kind"] for row in found["missing_at_terminal"]] == ["reversal"]


def test_coarser_totals_and_codes_of_a_profile(station, card):
    station.rig.sql("INSERT INTO product (product, name) VALUES ('001', 'Diesel')"
                    " ON CONFLICT DO NOTHING")
    station.rig.sql("INSERT INTO product_code VALUES ('ops', 'D1', '001')")
    station.permit(site_id="S1", profile="ops")
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:4000:40000;400:1000:0")
    assert shift(station, line("", "sale", 1, 5_000, 40_000, ""), shift="a")["state"] == "balanced"
    assert shift(station, line("D1", "sale", 1, 4_000, 40_000, ""),
                 line("400", "sale", 1, 1_000, 0, ""), shift="b")["state"] == "balanced"
    assert shift(station, shift="c")["state"] == "differs", "nothing told is not nothing sold"


def test_messages_of_a_real_host_are_found_by_their_numbers(station, card):
    rig = station.rig
    sold = rig.request(Kind.SALE, card, 1_000, stan="000011")
    hold = rig.request(Kind.PREAUTHORIZATION, card, 5_000, stan="000012")
    for request in (
            sold, hold, rig.request(Kind.OFFLINE_SALE, card, 300, stan="000014"),
            rig.about(Kind.COMPLETION, hold, 3_000, card, stan="000013"),
            rig.about(Kind.REVERSAL, sold, 400, stan="000015"),
            rig.request(Kind.PREAUTHORIZATION, card, 700, stan="000016")):
        assert rig.ask(request).approved
    rows = [told("sale", "11", 1_000), told("sale", "13", 3_000), told("offline_sale", "14", 300),
            told("reversal", "15", 400)]
    assert shift(station)["state"] == "differs"
    assert transactions(station, *rows) == {
        "missing_at_host": [], "missing_at_terminal": [], "different": []}
    totals = [line("", "sale", 2, 4_000, 0, ""), line("", "offline_sale", 1, 300, 0, ""),
              line("", "reversal", 1, 400, 0, "")]
    assert shift(station, *totals, shift="b")["state"] == "balanced"
    lines = station.ask("GET", "POS00001/days/2026-07-23").json()["lines"]
    assert [(one["kind"], one["count"], one["amount_minor"]) for one in lines] == [
        ("offline_sale", 1, 300), ("reversal", 1, 400), ("sale", 2, 4_000)]


@pytest.mark.parametrize(("wrong", "where"), [
    ({"day": "2026-02-30"}, "day"), ({"to_sequence": ""}, "to_sequence"),
    ({"last_day": "2026-07-22"}, "last_day"), ({"from_sequence": "12x"}, "from_sequence"),
    ({"totals": [{"kind": "gift", "count": 1, "amount_minor": 1}]}, "totals[0].kind"),
    ({"shift": "a/b"}, "shift")])
def test_a_shift_that_cannot_be_read_is_told_so(station, wrong, where):
    answer = station.ask("POST", "POS00001/shifts", {**SHIFT, "totals": [], **wrong})
    assert (answer.status_code, answer.json()["where"]) == (422, where)
    assert station.rig.sql("SELECT FROM station_shift") == []
    assert station.ask("POST", "POS00001/shifts/none/transactions",
                       {"transactions": []}).status_code == 404


def test_one_shift_told_to_many_hosts_at_once_is_one_attempt(station, card):
    station.book(Kind.SALE, "000001", 5_000, card=card, products="001:5000:40000")

    good = Line("FLEET", "001", "sale", 1, 5_000, 40_000)

    async def together():
        hosts = [station.another() for _ in range(4)]
        terminal = await hosts[0].watching.terminal("POS00001")
        return await asyncio.gather(*(
            host.shifts.totals(terminal, Span("s", date(2026, 7, 23), "1", "99"), [good])
            for host in hosts))

    assert {outcome.state for outcome in station.rig.run(together())} == {"balanced"}
    assert len(station.rig.sql("SELECT FROM station_shift")) == 1
    assert len(station.rig.sql("SELECT FROM station_shift_step")) == 1


def test_parked_rows_are_worked_off_and_never_deleted(station):
    run, rows = station.rig.run, station.stations.parked
    station.rig.sql("INSERT INTO parked (key, fingerprint, why, content) VALUES"
                    " ('280131/POS00001/22/20260723/000001', 'a', 'mac', '{\"amount_minor\": 5}'),"
                    " ('280131/POS00002/22/20260723/000001', 'b', 'other', '{\"x\": \"\\ud800\"}'),"
                    " ('280131/POS00001/22/20260723/000002', 'c', 'mac', '{}')")
    first, second, third = run(rows.listed())
    assert (first.terminal_id, first.why, first.state) == ("POS00001", "mac", "waits")
    assert json.loads(first.content) == {"amount_minor": 5}
    assert [row.id for row in run(rows.listed(site_id="S2"))] == [second.id]
    assert [row.id for row in run(rows.listed(terminal_id="POS00001"))] == [first.id, third.id]
    assert run(rows.waiting())[0] == 3
    station.post.said = RuntimeError("the database is away")
    assert run(rows.retry(first.id, "ana")) == Posted(False, "no outcome: RuntimeError")
    station.post.said = Posted(False, "card unknown")
    run(rows.retry(first.id, "ana"))
    station.post.said = Posted(True, "approved")
    assert run(rows.retry(first.id, "ben")).posted
    assert [row.key for row in station.post.asked] == [first.key] * 3
    with pytest.raises(ParkedDone):
        run(rows.retry(first.id, "ben"))
    with pytest.raises(WhyMissing):
        run(rows.settle(third.id, "ana", " "))
    run(rows.settle(third.id, "ana", "paid in cash, receipt 17"))
    with pytest.raises(ParkedDone):
        run(rows.settle(third.id, "ana", "again"))
    with pytest.raises(NoSuchParked):
        run(rows.settle(third.id + 1_000, "ana", "nobody's"))
    assert [(row.state, row.tries) for row in run(rows.listed(states=None))] == [
        ("posted", 3), ("waits", 0), ("settled", 0)]
    assert [(step.who, step.what, step.why) for step in run(rows.steps(first.id))] == [
        ("ana", "tried", "no outcome: RuntimeError"), ("ana", "tried", "card unknown"),
        ("ben", "posted", "approved")]
    assert len(station.rig.sql("SELECT FROM parked")) == 3


def test_one_at_a_time_works_on_a_parked_row(station):
    station.rig.sql("INSERT INTO parked (key, fingerprint, why, content) VALUES"
                    " ('280131/POS00001/22/20260723/000001', 'a', 'mac', '{}')")
    rows = station.stations.parked

    async def both():
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow(row):
            entered.set()
            await leave.wait()
            return Posted(True, "approved")

        other = station.another().parked
        other._post = slow
        number = (await rows.listed())[0].id
        trying = asyncio.ensure_future(other.retry(number, "ana"))
        await entered.wait()
        with pytest.raises(ParkedBusy):
            await rows.settle(number, "ben", "too late")
        leave.set()
        return await trying

    assert station.rig.run(both()).posted


@pytest.mark.parametrize(("rule", "where"), [
    ({}, "site_id"), ({"site_id": "S1", "terminal_id": "POS00001"}, "site_id"),
    ({"site_id": "S1", "ages": ((24, 70), (12, 100))}, "ages"), ({"site_id": "NO"}, "site_id"),
    ({"site_id": "S1", "ages": ()}, "ages"), ({"site_id": "S1", "currency": "eur"}, "currency"),
    ({"site_id": "S1", "receipt": ("x" * 49,)}, "receipt"),
    ({"site_id": "S1", "floor_minor": -1}, "floor_minor")])
def test_a_rule_that_means_nothing_is_refused(station, rule, where):
    before = station.rig.sql("SELECT version FROM rules")
    with pytest.raises(BadPermit) as refused:
        station.rig.run(station.stations.permit(Permit(**rule), "root"))
    assert refused.value.where == where
    assert station.rig.sql("SELECT version FROM rules") == before

