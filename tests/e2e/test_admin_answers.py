"""The administration API: a bank's answers are told, exceptions are worked by two people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from authhost.doors.admin_clearing import MOST_BYTES
from clearing.settings import load_settings
from tests.support import pain002
from tests.support.office import Office, Person, opened
from tests.support.rig import Rig

FILES = Path(__file__).with_name("answered_files.sql").read_text()
GOOD = pain002.report("FILE-1", status="RJCT", code="AC04")


@pytest.fixture(scope="module")
def office(rig: Rig) -> Iterator[Office]:
    with opened(rig) as made:
        rig.sql(FILES, load_settings().encode())
        yield made


@pytest.fixture(scope="module")
def boss(office: Office) -> Person:
    return office.person("administrator")


def kept(rig: Rig) -> list[int]:
    return list(rig.sql("SELECT (SELECT count(*) FROM bank_answer), (SELECT count(*) FROM bank_fact"
                        "), (SELECT count(*) FROM clearing_exception)")[0])


@pytest.mark.parametrize(("content", "status", "where"), [
    (b"", 422, ""), (b"{}", 422, ""), (GOOD[:-9], 422, "line 1"),
    (b"<!DOCTYPE x>" + GOOD, 422, "line 1"),
    (GOOD.replace(b"RJCT", b"FINE"), 422, "OrgnlGrpInfAndSts"),
    (GOOD.replace(b"FILE-1", b"FILE-9"), 404, "OrgnlGrpInfAndSts"),
    (pain002.report("FILE-1", status="ACCP", number=2), 422, "OrgnlGrpInfAndSts"),
    (GOOD + b" " * MOST_BYTES, 413, ""),
])
def test_what_is_no_answer_is_said_and_nothing_is_kept(
        rig: Rig, boss: Person, content: bytes, status: int, where: str) -> None:
    before = kept(rig)
    answer = boss.post("/bank-answers", content)
    assert (answer.status_code, answer.json().get("where", "").partition(",")[0]) == (
        status, where), answer.text
    assert kept(rig) == before


def test_a_bank_tells_of_its_own_files_alone(rig: Rig, office: Office) -> None:
    bank = office.person("bank", bank_id="TWO")
    assert bank.post("/bank-answers", GOOD).status_code == 404
    told = bank.post("/bank-answers", pain002.report("FILE-2", status="ACCP"))
    assert told.json() == {"answers": [{
        "message_id": "BANK-1", "about": "FILE-2", "known": False, "outcomes": {"ACCP": 1},
        "exceptions": 0}]}
    assert office.person("analyst").post("/bank-answers", GOOD).status_code == 403
    assert bank.get("/clearing-exceptions").status_code == 403


def test_an_exception_is_worked_from_the_answer_to_the_decision(
        rig: Rig, office: Office, boss: Person) -> None:
    assert boss.post("/bank-answers", GOOD).json()["answers"][0]["outcomes"] == {"RJCT": 1}
    again = boss.post("/bank-answers", GOOD).json()["answers"][0]
    assert (again["known"], again["outcomes"]) == (True, {})
    other = boss.post("/bank-answers", GOOD.replace(b"AC04", b"AC06"))
    assert (other.status_code, other.json()["where"]) == (409, "MsgId BANK-1")
    page = boss.get("/clearing-exceptions", stream="cash", reason="credit_rejected").json()
    row, = page["data"]
    assert (row["subject"], row["amount_minor"], row["content"]["name"], row["state"]) == (
        "E1", 1_000, "ClosedAccountNumber", "open")
    path = f"/clearing-exceptions/{row['exception_id']}"
    assert boss.post(f"{path}/assignment", {"owner": "anna"}).json()["owner"] == "anna"
    assert boss.post(f"{path}/note", {"note": "asked him"}).json()["note"] == "asked him"
    shown = boss.post(f"{path}/proposal", {"decision": "retry", "note": "mended"}).json()
    assert (shown["state"], [way["decision"] for way in shown["decisions"]]) == (
        "proposed", ["retry", "write_off", "accept"])
    decision = {"approve": True, "decision": "retry"}
    assert boss.post(f"{path}/decision", decision).status_code == 403
    second = office.person("administrator")
    assert second.post(f"{path}/decision", decision).json()["state"] == "decided"
    read = office.person("analyst").get(path).json()
    assert [change["event"] for change in read["changes"]] == [
        "opened", "assigned to anna", "noted", "proposed retry", "decided retry"]
    assert boss.get("/clearing-exceptions", state="wrong").status_code == 422
    assert boss.get("/clearing-exceptions/7000").status_code == 404
