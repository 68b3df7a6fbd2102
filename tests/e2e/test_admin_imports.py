"""Files of cards, limits, vehicles and drivers: faults by line, all or nothing, once, fast."""

import asyncio
import hashlib
import json
import time

import pytest

from tests.support.office import number_of, opened


@pytest.fixture(scope="module")
def boss(rig):
    with opened(rig) as office:
        boss = office.person("administrator")
        boss.made("/products", {"product": "019", "name": "Diesel", "fuel": True})
        boss.made("/product-groups", {"name": "motor_fuel", "products": ["001-099"]})
        yield boss


@pytest.fixture
def account(boss):
    return boss.made("/accounts", {"kind": "fleet", "name": "Haulier", "currency": "EUR"})[
        "account_id"]


def take(boss, kind, text, dry_run=0):
    content = text if isinstance(text, bytes) else text.encode()
    answer = boss.post("/imports", content, kind=kind, dry_run=dry_run)
    return answer.status_code, answer.json()


def fence(rig, account_id):
    return rig.sql("SELECT fence FROM fence WHERE account_id = $1", account_id)[0]["fence"]


def cards(rig, account_id):
    return rig.sql("SELECT * FROM card WHERE account_id = $1 ORDER BY card_id", account_id)


@pytest.mark.parametrize(("separator", "ending", "bom"), [
    (",", "\n", b""), (";", "\r\n", b"\xef\xbb\xbf"), ("\t", "\n", b"")])
def test_cards_come_in_whole_and_once(rig, boss, account, separator, ending, bom):
    first = 100 + account * 10 % 100_000_000
    money = '"50,00"' if separator == "," else "50,00"
    lines = ["account_id,pan,expiry,products,limits,offline_max".replace(",", separator)]
    lines += [separator.join((str(account), number_of(first + one), "3012", "019 @motor_fuel",
                              "day:money:500.50 rolling24h:volume:300:motor_fuel gap120m:count:1",
                              money)) for one in range(3)]
    content = bom + ending.join([*lines, "", ""]).encode()
    before = fence(rig, account)
    status, dry = take(boss, "cards", content, 1)
    assert (status, dry["state"], dry["added"], dry["problems"]) == (200, "dry_run", 3, [])
    assert (cards(rig, account), fence(rig, account)) == ([], before)
    status, report = take(boss, "cards", content)
    assert (status, report["state"], report["added"]) == (200, "imported", 3)
    assert report["sha256"] == hashlib.sha256(content).hexdigest()
    made = cards(rig, account)
    assert [row["pan_masked"][-4:] for row in made] == [
        number_of(first + one)[-4:] for one in range(3)]
    assert json.loads(made[0]["limits"]) == [
        {"window": "day", "measure": "money", "maximum": 50_050},
        {"window": "rolling", "measure": "volume", "maximum": 300_000, "hours": 24,
         "group": "motor_fuel"},
        {"window": "gap", "measure": "count", "maximum": 1, "minutes": 120}]
    assert (made[0]["offline_max_minor"], made[0]["status"]) == (5_000, "active")
    assert fence(rig, account) == before + 1
    assert take(boss, "cards", content)[1]["state"] == "unchanged"
    status, more = take(boss, "cards", content + b"\n")
    assert (more["state"], more["added"], more["unchanged"]) == ("imported", 0, 3)
    assert (len(cards(rig, account)), fence(rig, account)) == (3, before + 1)
    what = rig.sql("SELECT what FROM audit WHERE subject = $1", f"card/{made[0]['card_id']}")
    assert report["sha256"] in what[0]["what"]


def test_every_fault_is_told_by_line_and_column_and_nothing_is_kept(rig, boss, account):
    text = "\n".join((
        "account_id;pan;expiry;products;limits;vehicle_id;offline_max;status",
        f"{account};{number_of(500)};3012;;;;;",
        f"{account};7801310000000011;3013;777;day:money:1,234;9;x;asleep",
        f"8;{number_of(500)};3012;@nothing;fortnight:money:1;;0,001;",
        f"{account};{number_of(501)};3012",
        f"{account};{number_of(502)};3012;019;day:volume:1:nothing;7;;"))
    before = fence(rig, account), rig.sql("SELECT count(*) FROM audit")[0][0]
    status, report = take(boss, "cards", text)
    assert (status, report["state"]) == (422, "refused")
    assert {(one["line"], one["column"]) for one in report["problems"]} == {
        (3, "pan"), (3, "expiry"), (3, "offline_max"), (3, "status"), (5, "")}
    good = text.replace(text.splitlines()[2] + "\n", "").replace(text.splitlines()[4] + "\n", "")
    status, report = take(boss, "cards", good)
    assert {(one["line"], one["column"]) for one in report["problems"]} == {
        (3, "account_id"), (3, "pan"), (3, "products"), (3, "limits"), (3, "offline_max"),
        (4, "limits"), (4, "vehicle_id")}
    assert "line 2" in next(one["message"] for one in report["problems"]
                            if one["column"] == "pan")
    assert (fence(rig, account), rig.sql("SELECT count(*) FROM audit")[0][0]) == before
    assert cards(rig, account) == []
    assert number_of(500) not in json.dumps(report)
    number = number_of(500)
    strange = f"{text.splitlines()[0]}\n{number};{number_of(503)};3012;{number};;{number};;\n"
    for wrong in (strange, f"{account};{number_of(500)};3012\n", f"{number_of(500)};a\n1;2\n"):
        status, report = take(boss, "cards", wrong)
        assert (status, number_of(500) in json.dumps(report)) == (422, False)


@pytest.mark.parametrize(("content", "line", "column"), [
    (b"", 0, ""), (b"account_id;pan;expiry\n", 0, ""), (b"account_id;pan\n1;2\n", 1, "expiry"),
    (b"account_id;pan;expiry;shoe\n1;2;3;4\n", 1, "shoe"),
    (b"account_id;pan;expiry;pan\n1;2;3;4\n", 1, "pan"),
    (b"account_id;pan;expiry\n1;\xff;3\n", 2, ""), (b"account_id;pan;expiry\n1;\0;3\n", 2, ""),
    (b'account_id;pan;expiry\n1;"2;3\n', 2, "")])
def test_a_file_that_is_none_is_refused(boss, content, line, column):
    status, report = take(boss, "cards", content)
    assert (status, report["state"]) == (422, "refused")
    assert (report["problems"][0]["line"], report["problems"][0]["column"]) == (line, column)


def test_limits_of_many_are_put_in_place_of_those_before(rig, boss, account):
    made = [boss.made("/cards", {"account_id": account, "pan": number_of(600 + one),
                                 "expiry": "3012", "limits": [{"window": "total",
                                 "measure": "count", "maximum": 9}]})["card_id"]
            for one in range(2)]
    before = fence(rig, account)
    text = ("scope;id;pan;window;measure;maximum;hours;watch\r\n"
            f"card;{made[0]};;day;money;100,5;;\r\ncard;{made[0]};;rolling;volume;80;24;yes\r\n"
            f"card;;{number_of(601)};day;count;3;;no\r\naccount;{account};;month;money;5000;;\r\n")
    assert take(boss, "limits", text)[1]["changed"] == 3
    limits = [json.loads(row["limits"]) for row in cards(rig, account)]
    assert limits == [
        [{"window": "day", "measure": "money", "maximum": 10_050},
         {"window": "rolling", "measure": "volume", "maximum": 80_000, "hours": 24,
          "watch": True}],
        [{"window": "day", "measure": "count", "maximum": 3}]]
    assert fence(rig, account) == before + 1
    changed = rig.sql("SELECT change FROM audit WHERE subject = $1 ORDER BY id DESC LIMIT 1",
                      f"card/{made[1]}")[0]["change"]
    assert json.loads(changed) == {"limits": [
        [{"window": "total", "measure": "count", "maximum": 9}], limits[1]]}
    _, report = take(boss, "limits", "scope;id;window;measure;maximum\n"
                          f"card;{made[0]};day;money;0,001\ncard;7;day;money;1\n"
                          f"vehicle;{made[0]};day;money;1\ncard;{made[0]};day;count;1,5\n")
    assert [(one["line"], one["column"]) for one in report["problems"]] == [
        (2, ""), (3, "id"), (4, "id"), (5, "")]


def test_vehicles_and_drivers_are_brought_up_to_date(rig, boss, account):
    head = "account_id;plate;number;tank;status\n"
    assert take(boss, "vehicles", f"{head}{account};A 1;17;80,5;\n{account};B 2;;;\n")[1][
        "added"] == 2
    _, report = take(boss, "vehicles", f"{head}{account};A 1;18;81;blocked\n"
                          f"{account};B 2;;;\n{account};C 3;19;;\n")
    assert (report["added"], report["changed"], report["unchanged"]) == (1, 1, 1)
    rows = rig.sql("SELECT plate, number, tank_ml, status FROM vehicle WHERE account_id = $1"
                   " ORDER BY plate", account)
    assert [tuple(row) for row in rows] == [
        ("A 1", "18", 81_000, "blocked"), ("B 2", "", None, "active"),
        ("C 3", "19", None, "active")]
    status, report = take(boss, "vehicles", f"{head}{account};D 4;18;;\n")
    assert (status, report["problems"][0]["column"]) == (422, "number")
    status, report = take(boss, "vehicles", f"{head}{account};C 3;18;;\n")
    assert (status, report["problems"][0]["column"]) == (422, "number"), "A 1 has it"
    changed = f"{head}{account};C 3;18;;\n{account};A 1;19;81;\n"
    assert take(boss, "vehicles", changed)[1]["changed"] == 2
    assert take(boss, "vehicles", f"account_id;plate;status\n{account};A 1;active\n")[1][
        "changed"] == 1
    assert rig.sql("SELECT tank_ml FROM vehicle WHERE account_id = $1 AND plate = 'A 1'",
                   account)[0]["tank_ml"] == 81_000, "a file without the column takes no tank away"
    assert take(boss, "drivers", f"account_id,name,number\n{account},Ana,1\n")[1]["added"] == 1


def test_the_same_file_at_the_same_moment_comes_in_once(rig, boss, account):
    text = f"account_id;plate\n{account};Q 1\n{account};Q 2\n".encode()

    async def race():
        return await asyncio.gather(*(boss.sending("POST", "/imports", text, kind="vehicles")
                                      for _ in range(4)))
    states = sorted(answer.json()["state"] for answer in rig.run(race()))
    assert states == ["imported"] + ["unchanged"] * 3
    assert len(rig.sql("SELECT 1 FROM vehicle WHERE account_id = $1", account)) == 2


def test_a_big_file_is_quick(rig, boss, account):
    """A tenth of what the room promises in a minute; a bound that a busy machine keeps too."""
    lines = [f"{account};{number_of(2_000_000 + one)};3012;019;day:money:500,00"
             for one in range(10_000)]
    text = "\n".join(["account_id;pan;expiry;products;limits", *lines])
    before = fence(rig, account)
    began = time.monotonic()
    status, report = take(boss, "cards", text)
    assert (status, report["added"]) == (200, 10_000), report
    assert time.monotonic() - began < 20, "a row at a time takes minutes"
    assert fence(rig, account) == before + 1
