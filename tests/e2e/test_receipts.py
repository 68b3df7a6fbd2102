"""Receipts of real deposits: what they say, who reads them, and a row that was changed."""

import asyncio
import itertools
from datetime import date
from pathlib import Path

import msgspec
import pytest

from authhost import keys
from authhost.admin.keyring import Keyring
from authhost.cli_options import operator_of
from authhost.doors.admission import Admission
from authhost.doors.receipts import ReceiptRoutes
from authhost.model import Kind
from authhost.operator import Address, Operator
from authhost.receipts.key import receipt_key
from authhost.receipts.receipts import Altered, NoReceipt, Receipts, TooManyPrints
from authhost.settings import SettingsError
from authhost.translate.json_door import public_id
from tests.support.doors import door
from tests.support.portfolio import ACQUIRER, SAFE_ACCOUNT
from tests.support.rig import running

SETUP = (Path(__file__).parent / "receipts_setup.sql").read_text()
SPOIL = (Path(__file__).parent / "receipts_spoil.sql").read_text()
OPERATOR = Operator("Gotovina d.o.o.", Address("Cesta", "1", "1000", "Ljubljana", "SI"), "1", "2")
TEXT = {"form": "text"}
_sequences = itertools.count(1)


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        made.run(execute(made, SETUP))
        yield made


@pytest.fixture(scope="module")
def receipts(rig):
    key = rig.run(receipt_key(rig.host.hsm, rig.host.keys))
    return Receipts(rig.host._pool, key, OPERATOR)


@pytest.fixture(scope="module")
def desk(rig, receipts):
    keyring = Keyring(rig.host._pool)
    routes = ReceiptRoutes(receipts, Admission(keyring, b"s" * 32))
    with door(rig, keyring, routes.endpoints()) as made:
        yield made


@pytest.fixture(scope="module")
def people(desk):
    return {"administrator": desk.token("administrator"),
            "client": desk.token("client", account_id=SAFE_ACCOUNT),
            "other client": desk.token("client", account_id=900_001),
            "bank": desk.token("bank", bank_id="B1"),
            "other bank": desk.token("bank", bank_id="B2"),
            "monitoring": desk.token("monitoring"), "analyst": desk.token("analyst")}


async def execute(rig, script):
    async with rig.host._pool.acquire() as connection:
        await connection.execute(script)


def deposit(rig, sequence=None, terminal="SAFE0001", **more):
    """The key of a deposit that was taken, and its number."""
    sequence = sequence or next(_sequences)
    detail = {"kind": "cash", "depositor": "007", "sequence": sequence, "notes": 2, "coins": 0,
              "denominations": [{"value_minor": 5_000, "count": 2, "kind": "note"}],
              "cassette": "340123450000000017", "local_time": "2026-07-23T10:00:00", **more}
    key = keys.message_key(ACQUIRER, terminal, Kind.DEPOSIT, "", f"{sequence:06d}")
    answer = rig.ask(rig.request(Kind.DEPOSIT, amount=10_000, terminal=terminal, key=key,
                                 detail=msgspec.json.encode(detail).decode()))
    assert answer.action == "000", answer
    return key, sequence


def spoil(rig, table, change, key):
    rig.run(execute(rig, SPOIL.format(table=table, change=change, key=key)))


def test_a_receipt_says_all_and_verifies(rig, receipts):
    key, _ = deposit(rig)
    receipt = rig.run(receipts.document(key))
    row = rig.journal(key)[0]
    assert receipt.number == f"20260723-SAFE0001-{row['id']:X}"
    assert receipt.end_to_end_id == f"D260723{row['id']:X}"
    assert (receipt.amount_minor, receipt.currency) == (10_000, "EUR")
    assert receipt.business_date == date(2026, 7, 23)
    assert receipt.recorded_at == row["recorded_at"]
    assert receipt.recorded_at.tzinfo.key == "Europe/Ljubljana"
    parties = receipt.parties
    assert parties.operator == OPERATOR
    assert (parties.client.name, parties.client.bank) == ("Pekarna Đurđević", "Banka Češka")
    assert parties.client.address.lines == ("Žužemberška ulica 12a", "8360 Žužemberk, SI")
    assert parties.safe.address == ("office", "Ulica 4", "Žužemberk")
    assert parties.depositor == "Ana Čučković"
    assert (receipt.missing, receipt.copy) == ((), None)
    assert rig.run(receipts.verify(receipt.code)) == receipt
    assert rig.run(receipts.verify(receipt.code.lower().replace("-", ""))) == receipt


def test_a_device_that_names_no_cassette_means_the_one_inside(rig, receipts):
    key, _ = deposit(rig, cassette="")
    assert rig.run(receipts.document(key)).missing == ("cassette",)
    stay = rig.sql("INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at)"
                   " VALUES ('340123450000000024', 'SAFE0001', now()) RETURNING stay_id")[0][0]
    rig.sql("UPDATE deposit SET stay_id = $1 WHERE key = $2", stay, key)
    receipt = rig.run(receipts.document(key))
    assert (receipt.told.cassette, receipt.missing) == ("340123450000000024", ())
    assert rig.run(receipts.verify(receipt.code)) == receipt


def test_it_stays_what_it_was_when_master_data_change_and_says_how_things_stand(rig, receipts):
    key, _ = deposit(rig)
    before = rig.run(receipts.document(key))
    rig.sql("UPDATE account SET name = 'Renamed' WHERE account_id = $1", SAFE_ACCOUNT)
    rig.sql("UPDATE deposit SET state = 'reversed' WHERE key = $1", key)
    after = rig.run(receipts.document(key))
    assert after.parties == before.parties
    assert (before.code, after.state) == (after.code, "reversed")
    rig.sql("UPDATE account SET name = 'Pekarna Đurđević' WHERE account_id = $1", SAFE_ACCOUNT)


def test_another_key_verifies_nothing(rig, receipts):
    key, _ = deposit(rig)
    code = rig.run(receipts.document(key)).code
    assert rig.run(Receipts(rig.host._pool, bytes(32), OPERATOR).verify(code)) is None


@pytest.mark.parametrize("change", [
    "amount_minor = amount_minor + 1", "account_id = 900001", "terminal_id = 'SAFE0002'",
    "detail = '{}'", "recorded_at = recorded_at + interval '1 microsecond'", "flags = 'x'"])
def test_a_row_that_was_changed_verifies_no_more(rig, receipts, change):
    key, _ = deposit(rig)
    code = rig.run(receipts.document(key)).code
    spoil(rig, "journal", change, key)
    assert rig.run(receipts.verify(code)) is None
    with pytest.raises(Altered):
        rig.run(receipts.document(key))


@pytest.mark.parametrize("change", [
    """parties = '{"operator":{},"client":{"name":"Me"},"safe":{}}'""",
    "digest = sha256('x')", "seal = sha256('x')"])
def test_parties_that_were_changed_are_found_out(rig, receipts, change):
    key, _ = deposit(rig)
    code = rig.run(receipts.document(key)).code
    spoil(rig, "receipt", change, key)
    with pytest.raises(Altered):
        rig.run(receipts.verify(code))


def test_what_was_not_taken_has_no_receipt(rig, receipts, desk):
    request = rig.request(Kind.DEPOSIT, amount=10_000, terminal="POSBLOCK", detail="{}")
    rig.ask(request)
    with pytest.raises(NoReceipt):
        rig.run(receipts.document("nobody/S/21//000001"))
    assert desk.send("GET", "/v1/safes/SAFE0001/receipts/999999").status_code == 404
    assert desk.send("GET", "/v1/safes/NOBODY/receipts/1").status_code == 404
    for sequence in ("x", "-1", "9" * 40, "%00"):
        assert desk.send("GET", f"/v1/safes/SAFE0001/receipts/{sequence}").status_code == 404


def test_a_safe_prints_the_original_once_and_copies_after(rig, desk):
    _, sequence = deposit(rig)
    own = f"/v1/safes/SAFE0001/receipts/{sequence}"
    told = desk.send("GET", own).json()
    first = desk.send("POST", f"{own}/prints", TEXT, key="k1")
    assert first.status_code == 200, first.text
    assert (first.headers["Receipt-Copy"], first.headers["Receipt-Code"]) == ("0", told["code"])
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    assert told["code"] in first.text
    assert "COPY" not in first.text
    again = desk.send("POST", f"{own}/prints", TEXT, key="k1")
    assert again.text == first.text, "its answer was lost: the same printing"
    copy = desk.send("POST", f"{own}/prints", {"form": "pdf", "paper": "a6", "language": "sl"})
    assert copy.headers["Receipt-Copy"] == "1"
    assert copy.headers["content-type"] == "application/pdf"
    assert copy.content.startswith(b"%PDF-")
    assert "COPY 2" in desk.send("POST", f"{own}/prints", TEXT).text


def test_many_at_once_print_one_original(rig, receipts):
    key, _ = deposit(rig)

    async def one_of_them(number):
        return await receipts.printed(await receipts.document(key), who="safe:SAFE0001",
                                      form="text", request=f"r{number}")

    async def all_of_them():
        return await asyncio.gather(*map(one_of_them, range(8)))

    assert sorted(one.copy for one in rig.run(all_of_them())) == list(range(8))


def test_a_bounded_number_of_copies(rig, receipts, monkeypatch):
    monkeypatch.setattr("authhost.receipts.receipts.MOST_COPIES", 2)
    key, _ = deposit(rig)
    receipt = rig.run(receipts.document(key))
    for number in range(2):
        rig.run(receipts.printed(receipt, who="w", form="text", request=f"b{number}"))
    with pytest.raises(TooManyPrints):
        rig.run(receipts.printed(receipt, who="w", form="text", request="b2"))
    assert rig.run(receipts.printed(receipt, who="w", form="text", request="b1")).copy == 1


def test_who_may_verify(rig, receipts, desk, people):
    key, _ = deposit(rig)
    code = rig.run(receipts.document(key)).code
    status = {name: desk.send("GET", f"/v1/receipts/{code}", token=token).status_code
              for name, token in people.items()}
    assert status == {"administrator": 200, "client": 200, "other client": 404, "bank": 200,
                      "other bank": 404, "monitoring": 403, "analyst": 200}
    assert desk.send("GET", f"/v1/receipts/{code}").status_code == 401
    whole = desk.send("GET", f"/v1/receipts/{code}", token=people["client"]).json()
    assert whole["authentic"] is True
    assert whole["receipt"]["parties"]["depositor"] == "Ana Čučković"
    bank = desk.send("GET", f"/v1/receipts/{code}", token=people["bank"]).json()["receipt"]
    assert (bank["parties"]["depositor"], bank["told"]["depositor"]) == ("", "")
    assert bank["amount_minor"] == 10_000


def test_a_person_finds_it_by_its_deposit_and_prints_a_copy(rig, desk, people):
    key, sequence = deposit(rig)
    own = f"/v1/safes/SAFE0001/receipts/{sequence}"
    assert desk.send("POST", f"{own}/prints", TEXT).headers["Receipt-Copy"] == "0"
    path = f"/v1/deposits/{public_id(key)}/receipt"
    found = desk.send("GET", path, token=people["client"])
    assert found.json()["key"] == key
    for printed in (f"{path}/prints", f"/v1/receipts/{found.json()['code']}/prints"):
        copy = desk.send("POST", printed, TEXT, token=people["client"])
        assert int(copy.headers["Receipt-Copy"]) > 0
        assert "COPY" in copy.text
        assert desk.send("POST", printed, TEXT, token=people["bank"]).status_code == 403
    assert desk.send("GET", path, token=people["other client"]).status_code == 404
    for nobody in ("x", "AA", public_id("a\0b"), public_id("a/b/21//1")):
        answer = desk.send("GET", f"/v1/deposits/{nobody}/receipt",
                           token=people["administrator"])
        assert answer.status_code == 404, nobody


def test_a_code_that_is_wrong_says_why(rig, receipts, desk, people):
    key, _ = deposit(rig)
    code = rig.run(receipts.document(key)).code
    wrong = code[:-1] + ("0" if code[-1] != "0" else "2")
    for text, why in ((wrong, "mistyped"), ("short", "five groups"), (code[:-1] + "U", "'U'")):
        answer = desk.send("GET", f"/v1/receipts/{text}", token=people["administrator"])
        assert (answer.status_code, answer.json()["where"]) == (422, "code")
        assert why in answer.json()["detail"]
    strange = Receipts(rig.host._pool, bytes(32), OPERATOR)
    elsewhere = rig.run(strange.document(deposit(rig)[0])).code
    answer = desk.send("GET", f"/v1/receipts/{elsewhere}", token=people["administrator"])
    assert answer.status_code == 404


@pytest.mark.parametrize(("body", "where"), [
    ({}, ""), ({"form": "fax"}, "form"), ({"form": "pdf", "paper": "a0"}, "paper"),
    ({"form": "pdf", "language": "xx"}, "language"), ({"form": "pdf", "more": 1}, "")])
def test_a_wrong_print_is_named_and_not_counted(rig, desk, body, where):
    key, sequence = deposit(rig)
    answer = desk.send("POST", f"/v1/safes/SAFE0001/receipts/{sequence}/prints", body)
    assert (answer.status_code, answer.json()["where"]) == (422, where)
    assert rig.sql("SELECT FROM receipt_print WHERE key = $1", key) == []


def test_an_altered_receipt_is_a_conflict_at_the_door(rig, desk, people):
    key, sequence = deposit(rig)
    own = f"/v1/safes/SAFE0001/receipts/{sequence}"
    code = desk.send("GET", own).json()["code"]
    spoil(rig, "receipt", "seal = sha256('x')", key)
    assert desk.send("GET", own).status_code == 409
    answer = desk.send("GET", f"/v1/receipts/{code}", token=people["administrator"])
    assert answer.status_code == 409


def test_the_operator_s_data_are_checked(tmp_path):
    file = tmp_path / "operator.json"
    file.write_text('{"name":"O","address":{"street":"S","town":"T"},"tax_number":"1"}')
    assert operator_of(file).address.lines == ("S", "T")
    for wrong in ('{"name":1}', '{"nmae":"O"}', "{", "\udcff"):
        file.write_bytes(wrong.encode(errors="surrogateescape"))
        with pytest.raises(SettingsError, match=r"operator\.json"):
            operator_of(file)
