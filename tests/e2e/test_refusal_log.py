"""Every refusal is in the audit trail, and a flood of them is a few rows and a sum."""

import json

import asyncpg
import pytest

from authhost.admin import refusal_log
from authhost.admin.refusal_log import KINDS, NOBODY, PLACES, PLACES_A_MINUTE, Refusal, RefusalLog
from tests.support.office import Person, opened


@pytest.fixture
def office(rig):
    with opened(rig) as made:
        yield made


def rows(rig, after=0):
    return rig.sql("SELECT id, who, role, subject, what, change FROM audit WHERE id > $1"
                   " AND (what LIKE 'refused: %' OR subject = 'refusals') ORDER BY id", after)


def newest(rig):
    return rig.sql("SELECT coalesce(max(id), 0) FROM audit")[0][0]


def test_every_refused_call_is_in_the_trail(rig, office):
    name, token = office.access("fleet", account_id=900_001)
    person = Person(office, token)
    after = newest(rig)
    answers = [person.get("/banks"), person.get("/accounts/900002"),
               person.patch("/accounts/900001", {"credit_line": 1}),
               person.get("/cards", misspelt=1), person.post("/vehicles", b"{"),
               person.post("/vehicles", {}), person.send("PATCH", "/cards/7", {"limits": []}),
               person.get("/accounts/900001"), Person(office, "ah_x").get("/cards")]
    assert [answer.status_code for answer in answers] == [403, 404, 403, 422, 400, 422, 428, 200,
                                                          401]
    assert [(row["who"], row["role"], row["subject"], row["what"]) for row in rows(rig, after)] == [
        (name, "fleet", "GET /v1/admin/banks", "refused: 403 bank.read"),
        (name, "fleet", "GET /v1/admin/accounts/900002", "refused: 404 account_id"),
        (name, "fleet", "PATCH /v1/admin/accounts/900001",
         "refused: 403 account.change.credit_line"),
        (name, "fleet", "GET /v1/admin/cards", "refused: 422 misspelt"),
        (name, "fleet", "POST /v1/admin/vehicles", "refused: 400"),
        (name, "fleet", "POST /v1/admin/vehicles", "refused: 422 plate"),
        (name, "fleet", "PATCH /v1/admin/cards/7", "refused: 428 If-Match"),
        (NOBODY, NOBODY, "", "refused: 401 Authorization")]
    boss = office.person("administrator")
    found = boss.get("/audit", who=name, refused=1).json()["data"]
    assert len(found) == 7
    assert boss.get("/audit", who=name).json()["data"][0]["what"] == "refused: 428 If-Match"


def test_the_same_again_is_counted_and_summed_up(rig, office):
    name, token = office.access("analyst")
    person = Person(office, token)
    after = newest(rig)
    for _ in range(7):
        assert person.post("/banks", {}).status_code == 403
    assert len(rows(rig, after)) == 1
    rig.run(office.keyring.refusals.close())
    kept = rows(rig, after)
    assert len(kept) == 2
    assert (kept[1]["who"], kept[1]["what"]) == ("authhost", "6 more were refused")
    assert json.loads(kept[1]["change"]) == {
        f"{name} POST /v1/admin/banks: 403 bank.create": [None, 6]}


def test_a_flood_of_different_ones_fills_no_disk(rig):
    now = [0.0]
    log = RefusalLog(rig.host._pool, lambda: now[0])
    after = newest(rig)

    async def flood(number, role):
        for one in range(number):
            await log.note(Refusal(f"p{one}", role, "GET /x\0" + "y" * 500, "403"))
    rig.run(flood(PLACES + 500, "client"))
    kept = rows(rig, after)
    assert len(kept) == PLACES
    assert max(len(row["subject"]) for row in kept) == 200
    rig.run(flood(3, NOBODY))
    assert len(rows(rig, after)) == PLACES + 3, "strangers take nobody's place"
    rig.run(log.sum_up())
    total = rows(rig, after)[-1]
    change = json.loads(total["change"])
    assert total["what"] == "500 more were refused"
    assert (len(change), change["others"]) == (KINDS + 1, [None, 500 - KINDS])
    now[0] += 60
    rig.run(flood(PLACES + 500, "client"))
    assert len(rows(rig, after)) == PLACES + 4 + PLACES_A_MINUTE
    rig.run(log.close())


def test_a_database_that_is_away_loses_no_answer_and_no_count(rig, monkeypatch):
    log = RefusalLog(rig.host._pool)
    after = newest(rig)
    refusal = Refusal("x", "client", "GET /x", "403")

    async def away(*_):
        raise asyncpg.DiskFullError("no space left")
    with monkeypatch.context() as patch:
        patch.setattr(refusal_log.RefusalLog, "_write", away)
        rig.run(log.note(refusal))
        rig.run(log.sum_up())
    assert rows(rig, after) == []
    rig.run(log.close())
    assert rows(rig, after)[0]["what"] == "1 more were refused"
