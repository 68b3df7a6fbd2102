"""Master data over the admin API: made, read, changed; fences, audit, tags, keys, scopes."""

import asyncio
import json

import asyncpg
import pytest

from authhost.admin import pages
from authhost.bookings import BookingRefused
from tests.support.office import number_of

DEBTOR = {"name": "Operator", "iban": "AT611904300234573201", "bic": "BKAUATWW"}
RAIL = {"currency": "EUR", "rail": "instant", "debtor": DEBTOR}


def bank(rails):
    return {"bank_id": "B", "name": "B", "endpoint": "https://bank.example/in", "rails": rails}


@pytest.fixture(scope="module", autouse=True)
def products(boss):
    for code, name, fuel in (("001", "Regular", True), ("019", "Diesel", True),
                             ("101", "Car wash", False)):
        boss.made("/products", {"product": code, "name": name, "fuel": fuel})
    boss.made("/product-groups", {"name": "motor_fuel", "products": ["001-099"]})


def fleet(boss, **more):
    return boss.made("/accounts", {"kind": "fleet", "name": "Haulier", "currency": "EUR", **more})


def card(boss, account_id, number, **more):
    return boss.made("/cards", {"account_id": account_id, "pan": number_of(number),
                                "expiry": "3012", **more})


def fence(rig, account_id):
    return rig.sql("SELECT fence FROM fence WHERE account_id = $1", account_id)[0]["fence"]


def version(rig):
    return rig.sql("SELECT version FROM rules")[0]["version"]


def audit(rig, subject):
    rows = rig.sql("SELECT who, role, change FROM audit WHERE subject = $1 ORDER BY id", subject)
    return [(row["role"], json.loads(row["change"])) for row in rows]


def test_a_fleet_with_all_that_it_has(rig, boss):
    account = fleet(boss, time_zone="Europe/Vienna", credit_line=500_000,
                    limits=[{"window": "rolling", "hours": 24, "measure": "volume",
                             "maximum": 900_000, "group": "motor_fuel"}],
                    site_limits=[{"window": "day", "measure": "money", "maximum": 100_000}],
                    prompts=[{"prompt": "odometer", "required": True, "max_step": 2_000}],
                    products=["019", "@motor_fuel"], sites=["S1"], hours=[0xFFFFFF] * 7,
                    watch={"hours": [0] * 7, "regions": ["north"]}, key_entry="pin",
                    offline=True, address={"town": "Linz", "country": "AT"})
    number = account["account_id"]
    department = boss.made("/subaccounts", {"account_id": number, "name": "Linz"})
    vehicle = boss.made("/vehicles", {"account_id": number, "plate": "L 1", "number": "17",
                                      "tank_ml": 80_000, "vehicle_id": 77_001})
    driver = boss.made("/drivers", {"account_id": number, "name": "Ana", "number": "0815"})
    before = fence(rig, number)
    made = card(boss, number, 1, vehicle_id=vehicle["vehicle_id"], products=["019"],
                driver_id=driver["driver_id"], subaccount_id=department["subaccount_id"],
                offline_max_minor=5_000, prompts=[])
    assert fence(rig, number) == before + 1
    assert made["pan_masked"] == f"780131******{number_of(1)[-4:]}"
    assert not {"pan", "pan_hmac", "pin_value"} & made.keys()
    assert boss.get(f"/cards/{made['card_id']}").json() == made
    assert boss.get("/cards", account=number).json() == {"data": [made], "next": None}
    found = boss.post("/card-lookups", {"pan": number_of(1)})
    assert found.json() == {"card_id": made["card_id"]}
    text = json.dumps([dict(row.items()) for row in rig.sql(
        "SELECT a.*, r.* FROM audit a, admin_request r")], default=str)
    assert number_of(1) not in text
    assert audit(rig, f"card/{made['card_id']}")[0][1]["expiry"] == [None, "3012"]


@pytest.mark.parametrize(("path", "body", "where"), [
    ("/accounts", {"kind": "fleet", "name": "X"}, "currency"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUX"}, "currency"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "time_zone": "Mars"},
     "time_zone"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "hours": [1] * 6}, "hours"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "nonsense": 1}, ""),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "sites": ["S9"]}, "sites"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "products": ["777"]},
     "products"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "products": ["@nothing"]},
     "products"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "limits": [
        {"window": "day", "measure": "money", "maximum": 1, "group": "nothing"}]}, "limits"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "limits": [
        {"window": "day", "measure": "money", "maximum": 1},
        {"window": "fortnight", "measure": "money", "maximum": 1}]}, "limits[1]"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "prompts": [
        {"prompt": "shoe_size"}]}, "prompts[0].prompt"),
    ("/accounts", {"kind": "fleet", "name": "X", "currency": "EUR", "iban": "AT1"}, "iban"),
    ("/cards", {"account_id": 900_001, "pan": "7801310000000011", "expiry": "3012"}, "pan"),
    ("/cards", {"account_id": 900_001, "pan": number_of(9), "expiry": "3013"}, "expiry"),
    ("/cards", {"account_id": 7, "pan": number_of(9), "expiry": "3012"}, "account_id"),
    ("/cards", {"account_id": 900_001, "pan": number_of(9), "expiry": "3012",
                "vehicle_id": 7}, "vehicle_id"),
    ("/product-groups", {"name": "x", "products": ["099-001"]}, "products[0]"),
    ("/terminals", {"terminal_id": "T1", "kind": "pos", "acquirer_id": "1",
                    "merchant_id": "NOBODY"}, "merchant_id"),
    ("/accounts", {"kind": "safe_client", "name": "X", "currency": "EUR", "bank_id": "NONE"},
     "bank_id"),
    ("/accounts", {"kind": "safe_client", "name": "X", "currency": "EUR",
                   "deposit_key": "A" * 42 + "=="}, "deposit_key"),
    ("/accounts", {"kind": "safe_client", "name": "X", "currency": "EUR", "bic": "ABC"}, "bic"),
    ("/accounts", {"kind": "safe_client", "name": "X", "currency": "EUR",
                   "posting": {"by": "moon"}}, "posting.by"),
    ("/accounts", {"kind": "safe_client", "name": "X", "currency": "EUR",
                   "contact": {"email": "nobody"}}, "contact.email"),
    ("/banks", {"bank_id": "B", "name": "B", "bic": "NOBIC"}, "bic"),
    ("/banks", {"bank_id": "B", "name": "B", "endpoint": "http://bank.example"}, "endpoint"),
    ("/banks", {"bank_id": "B", "name": "B", "endpoint": "https://me:pw@bank.example"},
     "endpoint"),
    ("/banks", {"bank_id": "B", "name": "B", "endpoint": "https://"}, "endpoint"),
    ("/banks", {"bank_id": "B", "name": "B", "rails": [RAIL]}, "endpoint"),
    ("/banks", bank([RAIL | {"currency": "EUX"}]), "rails[0].currency"),
    ("/banks", bank([RAIL, RAIL]), "rails[1].currency"),
    ("/banks", bank([RAIL | {"currency": "CHF"}]), "rails[0].rail"),
    ("/banks", bank([RAIL | {"until": "08:00", "from": "08:00"}]), "rails[0].until"),
    ("/banks", bank([RAIL | {"until": "25:00"}]), "rails[0].until"),
    ("/banks", bank([RAIL | {"days": [1, 1]}]), "rails[0].days"),
    ("/banks", bank([RAIL | {"days": []}]), "rails[0].days"),
    ("/banks", bank([RAIL | {"time_zone": "Mars"}]), "rails[0].time_zone"),
    ("/banks", bank([RAIL | {"most_minor": 0}]), "rails[0].most_minor"),
    ("/banks", bank([RAIL | {"debtor": DEBTOR | {"iban": "AT1"}}]), "rails[0].debtor.iban"),
    ("/banks", bank([RAIL | {"debtor": DEBTOR | {"bic": "x"}}]), "rails[0].debtor.bic"),
    ("/banks", bank([RAIL | {"debtor": DEBTOR | {"bic": ""}}]), "rails[0].debtor.bic"),
    ("/banks", bank([RAIL | {"collects": DEBTOR | {"iban": "AT1"}}]), "rails[0].collects.iban"),
    ("/banks", bank([RAIL | {"collects": DEBTOR | {"bic": ""}}]), "rails[0].collects.bic"),
    ("/banks", bank([RAIL | {"collects": {"name": "Operator"}}]), "rails[0].collects"),
    ("/safes", {"terminal_id": "POS00001"}, "terminal_id"),
    ("/safes", {"terminal_id": "NOBODY"}, "terminal_id"),
    ("/safes", {"terminal_id": "SAFE0001", "courier_id": "NOBODY"}, "courier_id"),
    ("/safes", {"terminal_id": "SAFE0001", "currencies": ["EUX"]}, "currencies"),
    ("/safes", {"terminal_id": "SAFE0001", "currencies": []}, "currencies"),
    ("/safes", {"terminal_id": "SAFE0001", "cut_off": "24:00"}, "cut_off"),
    ("/safes", {"terminal_id": "SAFE0001", "cassette_id": "1"}, ""),
    ("/cassettes", {"cassette_id": "376000000000000001"}, "cassette_id"),
    ("/cassettes", {"cassette_id": "37600000000000000"}, "cassette_id"),
    ("/depositors", {"account_id": 900_002, "code": "1", "name": "A", "terminals": ["POS00001"]},
     "terminals"),
    ("/depositors", {"account_id": 900_002, "code": "a b", "name": "A"}, "code"),
])
def test_what_is_wrong_is_named_and_nothing_is_kept(rig, boss, path, body, where):
    tables = ("account", "card", "audit WHERE what NOT LIKE 'refused: %'", "admin_request",
              "product_group", "terminal", "bank", "safe", "cassette")
    before = [rig.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables]
    answer = boss.post(path, body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["where"] == where
    assert [rig.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables] == before


def test_a_body_that_is_nested_without_end_is_no_bug(boss):
    deep = b'{"limits": [{"window": %s%s}]}' % (b"[" * 30_000, b"]" * 30_000)
    assert boss.post("/vehicles", deep).status_code == 400


def test_a_change_moves_what_it_names_and_says_how_it_was(rig, boss):
    number = fleet(boss)["account_id"]
    made = card(boss, number, 2)
    before = fence(rig, number)
    limits = [{"window": "day", "measure": "money", "maximum": 4_000}]
    changed = boss.patch(f"/cards/{made['card_id']}", {"limits": limits, "products": ["001"]})
    assert changed.json() == made | {"limits": limits, "products": ["001"]}
    assert fence(rig, number) == before + 1
    assert audit(rig, f"card/{made['card_id']}")[-1] == (
        "administrator", {"limits": [[], limits], "products": [None, ["001"]]})
    same = boss.patch(f"/cards/{made['card_id']}", {"limits": limits})
    assert (same.status_code, fence(rig, number)) == (200, before + 1)
    fixed = boss.patch(f"/cards/{made['card_id']}", {"account_id": 900_001})
    assert (fixed.status_code, fixed.json()["where"]) == (422, "account_id")
    status = boss.patch(f"/cards/{made['card_id']}", {"status": "not_effective"})
    assert status.status_code == 422


def test_who_has_not_seen_the_newest_state_changes_nothing(boss):
    number = fleet(boss)["account_id"]
    seen = boss.get(f"/accounts/{number}").headers["etag"]
    assert boss.patch(f"/accounts/{number}", {"name": "First"}, seen).status_code == 200
    late = boss.patch(f"/accounts/{number}", {"name": "Second"}, seen)
    assert (late.status_code, late.json()["where"]) == (412, "If-Match")
    assert boss.get(f"/accounts/{number}").json()["name"] == "First"
    assert boss.patch(f"/accounts/{number}", {"name": "Third"}, "").status_code == 428


def test_of_many_at_once_with_the_same_tag_one_wins(rig, boss):
    number = fleet(boss)["account_id"]
    seen = boss.get(f"/accounts/{number}").headers["etag"]
    before = fence(rig, number)

    async def race():
        return await asyncio.gather(*(
            boss.sending("PATCH", f"/accounts/{number}", {"name": f"N{one}"}, seen=seen)
            for one in range(6)))
    codes = sorted(answer.status_code for answer in rig.run(race()))
    assert codes == [200] + [412] * 5
    assert fence(rig, number) == before + 1


def test_a_key_creates_once(rig, boss):
    number = fleet(boss)["account_id"]
    body = {"account_id": number, "pan": number_of(3), "expiry": "3012"}

    async def race():
        return await asyncio.gather(*(boss.sending("POST", "/cards", body, key="same")
                                      for _ in range(5)))
    answers = rig.run(race())
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(rig.sql("SELECT 1 FROM card WHERE account_id = $1", number)) == 1
    other = boss.post("/cards", body | {"expiry": "3101"}, key="same")
    assert (other.status_code, other.json()["where"]) == (409, "Idempotency-Key")
    taken = boss.post("/cards", body)
    assert (taken.status_code, taken.json()["where"]) == (409, "pan")
    assert number_of(3) not in taken.text


def test_a_payee_is_what_is_seen_of_it(boss):
    boss.made("/merchants", {"merchant_id": "SEEN", "name": "Цвећара Ружа"})
    for name in ("Flowers\nRoses", "a\x00", "a\x85b", "a\u2028b", "a\u202eb", "\u3164", "a\u2800",
                 "a\ufe0f"):
        answer = boss.patch("/merchants/SEEN", {"display_name": name})
        assert (answer.status_code, answer.json()["where"]) == (422, "display_name"), name
    boss.patch("/merchants/SEEN", {"display_name": "Roses"})
    assert boss.patch("/merchants/SEEN", {"name": "a\u2028b"}).status_code == 200  # not the payee
    answer = boss.patch("/merchants/SEEN", {"display_name": ""})
    assert (answer.status_code, answer.json()["where"]) == (422, "name")
    answer = boss.post("/merchants", {"merchant_id": "UNSEEN", "name": "\u2800"})
    assert (answer.status_code, answer.json()["where"]) == (422, "name")


def test_what_terminals_go_by_raises_the_rules(rig, boss):
    before = version(rig)
    boss.made("/merchants", {"merchant_id": "M1", "name": "Chain"})
    boss.made("/sites", {"site_id": "S7", "merchant_id": "M1", "name": "East", "region": "east"})
    boss.made("/terminals", {"terminal_id": "T7", "kind": "pos", "acquirer_id": "280131",
                             "merchant_id": "M1", "site_id": "S7"})
    assert version(rig) == before + 3
    blocked = boss.patch("/terminals/T7", {"status": "blocked"})
    assert (blocked.json()["status"], version(rig)) == ("blocked", before + 4)
    group = boss.patch("/product-groups/motor_fuel", {"products": ["001-003", "019"]})
    assert group.json()["products"] == ["001", "002", "003", "019"]
    boss.patch("/product-groups/motor_fuel", {"products": ["001-099"]})
    assert version(rig) == before + 6
    assert [one["terminal_id"] for one in boss.get("/terminals", site="S7").json()["data"]] == [
        "T7"]


def test_a_programs_change_reaches_every_account_that_has_its_cards(rig, boss):
    boss.made("/programs", {"program_id": "P1"})
    with_card, without = fleet(boss)["account_id"], fleet(boss)["account_id"]
    card(boss, with_card, 4, program_id="P1")
    before = fence(rig, with_card), fence(rig, without)
    assert boss.patch("/programs/P1", {"hold_minor": 9_000}).status_code == 200
    assert (fence(rig, with_card), fence(rig, without)) == (before[0] + 1, before[1])


def test_a_card_that_joins_a_program_meanwhile_is_not_missed(rig, boss):
    boss.made("/programs", {"program_id": "P2"})
    number = fleet(boss)["account_id"]
    made = card(boss, number, 4_201)
    before = fence(rig, number)

    async def race():
        connection = await asyncpg.connect(rig.database_url)
        async with connection.transaction():
            await connection.execute("UPDATE card SET program_id = 'P2' WHERE card_id = $1",
                                     made["card_id"])
            await connection.execute("UPDATE fence SET fence = fence + 1 WHERE account_id = $1",
                                     number)
            change = asyncio.create_task(boss.sending("PATCH", "/programs/P2", {"cvv": True},
                                                      seen="*"))
            await asyncio.sleep(0.3)
        await connection.close()
        return (await change).status_code
    assert rig.run(race()) == 200
    assert fence(rig, number) == before + 2


def test_a_group_s_change_reaches_every_account_that_names_it(rig, boss):
    limits = [{"window": "day", "measure": "money", "maximum": 5, "group": "motor_fuel"}]
    named = [fleet(boss, products=["@motor_fuel"]), fleet(boss, limits=limits),
             fleet(boss, site_limits=limits)]
    numbers = [one["account_id"] for one in named] + [fleet(boss)["account_id"] for _ in range(6)]
    boss.made("/subaccounts", {"account_id": numbers[3], "name": "B", "limits": limits})
    boss.made("/vehicles", {"account_id": numbers[4], "plate": "X", "limits": limits})
    boss.made("/drivers", {"account_id": numbers[5], "name": "D", "limits": limits})
    card(boss, numbers[6], 4_101, limits=limits)
    card(boss, numbers[7], 4_102, products=["@motor_fuel"])
    before = [fence(rig, number) for number in numbers]
    boss.patch("/product-groups/motor_fuel", {"products": ["001-099"]})
    boss.patch("/product-groups/motor_fuel", {"products": ["001-098"]})
    boss.patch("/product-groups/motor_fuel", {"products": ["001-099"]})
    raised = [fence(rig, number) - old for number, old in zip(numbers, before, strict=True)]
    assert raised[:8] == [raised[0]] * 8
    assert (raised[0] >= 2, raised[8]) == (True, 0)


def test_what_is_fuel_reaches_every_account_with_a_tank(rig, boss):
    numbers = [fleet(boss)["account_id"] for _ in range(2)]
    boss.made("/vehicles", {"account_id": numbers[0], "plate": "X", "tank_ml": 60_000})
    before = [fence(rig, number) for number in numbers]
    boss.made("/products", {"product": "063", "name": "Biodiesel", "fuel": True})
    assert [fence(rig, number) for number in numbers] == [before[0] + 1, before[1]]


def test_a_meter_is_reset_under_the_fence_that_is_raised(rig, boss):
    number = fleet(boss)["account_id"]
    vehicle = boss.made("/vehicles", {"account_id": number, "plate": "X"})
    done = boss.post(f"/vehicles/{vehicle['vehicle_id']}/meter-reset").json()
    assert done["meter_reset_fence"] == fence(rig, number)


def test_a_number_at_the_prompt_names_one_vehicle(boss):
    number = fleet(boss)["account_id"]
    boss.made("/vehicles", {"account_id": number, "plate": "A", "number": "5"})
    again = boss.post("/vehicles", {"account_id": number, "plate": "B", "number": "5"})
    assert (again.status_code, again.json()["where"]) == (409, "number")
    first = boss.get("/vehicles", account=number).json()["data"][0]["vehicle_id"]
    assert boss.patch(f"/vehicles/{first}", {"status": "closed"}).status_code == 200
    boss.made("/vehicles", {"account_id": number, "plate": "B", "number": "5"})
    back = boss.patch(f"/vehicles/{first}", {"status": "active"})
    assert (back.status_code, back.json()["where"]) == (409, "number")
    assert boss.post("/vehicles", {"account_id": fleet(boss)["account_id"], "plate": "B",
                                   "number": "5"}).status_code == 201


def test_pages_follow_each_other(boss):
    number = fleet(boss)["account_id"]
    made = [boss.made("/drivers", {"account_id": number, "name": f"D{one}"})["driver_id"]
            for one in range(5)]
    found, after = [], ""
    while after is not None:
        page = boss.get("/drivers", account=number, limit=2, after=after).json()
        found += [one["driver_id"] for one in page["data"]]
        after = page["next"]
    assert found == made
    for query in ({"after": "nonsense"}, {"limit": "0"}, {"limit": "x"}, {"misspelt": "1"},
                  {"after": pages.cursor_of(10**30)}, {"account": "0" * 19 + "9" * 99}):
        assert boss.get("/drivers", **query).status_code == 422
    assert boss.get("/products", after=pages.cursor_of("\0")).status_code == 422
    for query in ({"until": "0001-01-02"}, {"from": "0001-01-01"}, {"until": "2026-01-01",
                  "from": "2026-01-02"}):
        for path in ("/transactions", "/totals", "/vehicles/1/consumption"):
            assert boss.get(path, **query).status_code == 422, (path, query)
    assert boss.get("/audit", since="x").status_code == 422
    assert boss.get("/audit", **{"from": "0001-01-01T00:00:00+23:00"}).status_code == 422


async def refusing(*_):
    raise BookingRefused("amount_minor: is not more than nothing")


def test_money_is_paid_in_through_its_port(rig, office, boss, monkeypatch):
    number = fleet(boss, credit_line=0)["account_id"]
    body = {"amount_minor": 10_000, "currency": "EUR", "reference": "R1"}
    for _ in range(2):
        assert boss.post(f"/accounts/{number}/fundings", body, key="pay").status_code == 201
    assert [one[:4] for one in office.funded] == [(number, 10_000, "EUR", "R1")]
    other = boss.post(f"/accounts/{number}/fundings", body | {"amount_minor": 1}, key="pay")
    assert other.status_code == 409
    assert len(office.funded) == 1
    with monkeypatch.context() as patch:
        patch.setattr(office, "fund", refusing)
        refused = boss.post(f"/accounts/{number}/fundings", body | {"amount_minor": -1})
        assert (refused.status_code, refused.json()["where"]) == (422, "amount_minor")
    wrong = boss.post(f"/accounts/{number}/fundings", body | {"currency": "USD"})
    assert wrong.json()["where"] == "currency"
    assert audit(rig, f"account/{number}")[-1][1]["funded"][1]["reference"] == "R1"


def test_an_account_is_blocked_and_closed(rig, boss):
    number = fleet(boss)["account_id"]
    for action, status, code in (("blocking", "blocked", 200), ("blocking", "", 409),
                                 ("unblocking", "active", 200), ("closing", "closed", 200),
                                 ("unblocking", "", 409)):
        before = fence(rig, number)
        answer = boss.post(f"/accounts/{number}/{action}")
        assert answer.status_code == code
        if code == 200:
            assert (answer.json()["status"], fence(rig, number)) == (status, before + 1)


def test_the_audit_trail_is_read_and_nobody_mends_it(rig, boss):
    number = fleet(boss)["account_id"]
    boss.patch(f"/accounts/{number}", {"name": "New"})
    rows = boss.get("/audit", subject=f"account/{number}").json()["data"]
    assert [row["change"].get("name") for row in rows] == [["Haulier", "New"], [None, "Haulier"]]
    assert boss.get("/audit", limit=1).json()["next"]
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(Exception, match="append-only"):
            rig.sql(statement)
