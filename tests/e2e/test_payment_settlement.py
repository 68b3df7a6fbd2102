"""Nights that settle with a merchant: fees, holdback, periods, carried amounts, books, bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from authhost.admin.access import Actor, Role
from authhost.admin.refusals import Forbidden, Invalid, Unknown
from authhost.embedded import Servers
from authhost.payments.model import Caller, Refused
from authhost.payments.plan_desk import NewPlan
from authhost.payments.plans import Fee, Fees, Settlement
from clearing.camt053 import read_statements
from clearing.errors import ClearingError
from clearing.run import clear
from clearing.summary import Summary
from clearing.tables import read_table
from tests.e2e.clearing_day import tree
from tests.support.after_payment import ADMIN, PaidShop
from tests.support.payments import CALLER
from tests.support.portfolio import DAY, SHOP_ACCOUNT
from tests.support.rig import running

pytestmark = pytest.mark.invariant(11)
_ADDRESS = json.dumps({"street": "Rue de l'Été", "number": "5", "postcode": "75001",
                       "town": "Paris", "country": "FR"})
PRICED = Fees(phone=Fee(percent="1.25", fixed_minor=10), refund=Fee(fixed_minor=25),
              vat_basis_points=2_000)


class Nights:
    """A shop with a bank account, one night after the other."""

    def __init__(self, shop: PaidShop, out: Path) -> None:
        self.shop = shop
        self.out = out
        self.day = DAY
        shop.rig.sql("UPDATE account SET iban = 'DE89370400440532013000', "
                     "address = $1::text::jsonb WHERE account_id = $2", _ADDRESS, SHOP_ACCOUNT)

    def plan(self, settlement: Settlement | None = None, fees: Fees = PRICED) -> None:
        """From today on."""
        self.shop.rig.run(self.shop.plans.put(ADMIN, "standard", NewPlan(
            self.day, fees, settlement or Settlement())))

    def night(self) -> Summary:
        """Clear today; the next day is open."""
        made = self.shop.rig.run(clear(self.shop.rig.database_url, self.day, self.out))
        self.day += timedelta(days=1)
        return made

    def last(self) -> dict[str, Any]:
        """The settlement of last night as its table says it; its XML, and what the merchant reads
        in the API, say the same."""
        folder = self.out / (self.day - timedelta(days=1)).isoformat() / "payments" / "settlements"
        [path] = folder.glob("*.csv")
        said = read_said(path)
        [booked] = read_statements(path.with_suffix(".xml").read_bytes())
        assert (booked.opening_minor, booked.closing_minor) == (
            said["opening_minor"], said["closing_minor"])
        moves = [row["amount_minor"] for row in said["rows"][1:-1] if row["amount_minor"]]
        assert [entry.amount_minor for entry in booked.entries] == moves
        read = msgspec.to_builtins(self.shop.rig.run(
            self.shop.settled.one(CALLER, path.stem, "", 100)))
        for name in ("gross", "refunds", "fees", "vat", "held_back", "released", "net", "opening",
                     "payout", "closing"):
            assert read["settlement"][f"{name}_minor"] == said[f"{name}_minor"], name
        assert [(line["key"], line["kind"], line["amount_minor"]) for line in
                sorted(read["lines"], key=lambda line: line["key"])] == [
            (line["reference"], line["kind"], line["amount_minor"]) for line in
            sorted(said["payments"], key=lambda line: line["reference"])]
        [stored] = self.shop.rig.sql("SELECT held, payable_on, release_on, end_to_end_id "
                                     "FROM merchant_settlement WHERE number = $1", path.stem)
        return {**said, **stored, "fees": read["fees"]}

    def balance(self, code: str) -> int:
        """Of an account of the ledger, over all nights."""
        return self.shop.rig.sql("SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry "
                                 "WHERE code = $1", code)[0][0]


@pytest.fixture
def nights(servers: Servers, tmp_path: Path) -> Iterator[Nights]:
    with running(servers) as rig:
        shop = PaidShop(rig)
        yield Nights(shop, tmp_path)
        shop.close()


def read_said(path: Path) -> dict[str, Any]:
    """What a settlement's table comes to; its rows with their amounts as numbers."""
    rows = [{**row, "amount_minor": int(row["amount_minor"]), "fee_minor": int(row["fee_minor"])}
            for row in read_table(path.read_bytes())]

    def total(*kinds: str, column: str = "amount_minor") -> int:
        return sum(int(row[column]) for row in rows if row["kind"].startswith(kinds))

    said = {
        "gross_minor": total("payment"), "refunds_minor": -total("refund"),
        "fees_minor": total("fee_", column="fee_minor"),
        "vat_minor": total("vat", column="fee_minor"),
        "held_back_minor": -total("held_back"), "released_minor": total("released"),
        "net_minor": total("payment", "refund", "fee_", "vat", "held_back", "released"),
        "opening_minor": total("opening"), "payout_minor": -total("payout"),
        "closing_minor": int(rows[-1]["balance_minor"])}
    return {**said, "rows": rows, "payments": [
        row for row in rows if row["kind"] in {"payment", "refund", "refund_returned"}]}


def sums(said: dict[str, Any]) -> tuple[int, ...]:
    """gross, refunds, fees, VAT, held back, released, net, opening, payout, closing."""
    return tuple(said[f"{name}_minor"] for name in (
        "gross", "refunds", "fees", "vat", "held_back", "released", "net", "opening", "payout",
        "closing"))


def test_a_day_net_of_fees(nights: Nights) -> None:
    shop = nights.shop
    nights.plan()
    first, second = shop.paid(10_000), shop.paid(1_000)
    shop.refund(first, 4_000)
    assert shop.rig.run(shop.plans.payout_date_of(second.payment_id)) == DAY + timedelta(days=1)
    summary = nights.night()
    said = nights.last()
    # 125 + 10 of the first, 12.5 is 13 + 10 of the second, 25 of the refund; a fifth of 183 is 37.
    assert sums(said) == (11_000, 4_000, 183, 37, 0, 0, 6_780, 0, 6_780, 0)
    assert sorted((fee["kind"], fee["count"], fee["base_minor"], fee["amount_minor"])
                  for fee in said["fees"]) == [("phone", 2, 11_000, 158), ("refund", 1, 4_000, 25)]
    assert sorted(line["fee_minor"] for line in said["payments"]) == [23, 25, 135]
    assert (said["held"], said["payable_on"]) == ("", date(2026, 7, 24))
    assert said["rows"][-2]["reference"] == said["end_to_end_id"]
    assert {name: nights.balance(name) for name in ("2400", "4300", "2700", "1300", "2500")} == {
        "2400": 0, "4300": -183, "2700": -37, "1300": -6_780, "2500": 0}
    assert summary.balanced
    assert nights.balance("1400") == 7_000


def test_the_same_night_again_is_the_same_bytes(nights: Nights, tmp_path: Path) -> None:
    shop = nights.shop
    nights.plan(Settlement(holdback_percent="10", holdback_days=3))
    shop.refund(shop.paid(10_000), 1_000)
    nights.night()
    before = shop.rig.sql("SELECT count(*) FROM ledger_entry")
    # What plans say now is for later nights.
    nights.plan(Settlement(by="gross"), Fees(phone=Fee(percent="9")))
    shop.rig.sql("UPDATE merchant SET plan_id = 'other', sandbox = true")
    for folder in (nights.out, tmp_path / "again"):
        shop.rig.run(clear(shop.rig.database_url, DAY, folder))
    assert tree(nights.out / "2026-07-23") == tree(tmp_path / "again" / "2026-07-23")
    assert shop.rig.sql("SELECT count(*) FROM ledger_entry") == before
    assert len(shop.rig.sql("SELECT FROM merchant_settlement")) == 1


def test_gross_of_fees(nights: Nights) -> None:
    nights.plan(Settlement(by="gross"))
    nights.shop.paid(10_000)
    nights.night()
    assert sums(nights.last()) == (10_000, 0, 135, 27, 0, 0, 10_000, 0, 10_000, 0)
    assert (nights.balance("1500"), nights.balance("2400"), nights.balance("4300"),
            nights.balance("2700")) == (162, 0, -135, -27)


def test_what_is_held_back_comes_later(nights: Nights) -> None:
    nights.plan(Settlement(holdback_percent="10", holdback_days=2), Fees())
    nights.shop.paid(10_005)
    nights.night()
    said = nights.last()
    assert sums(said) == (10_005, 0, 0, 0, 1_001, 0, 9_004, 0, 9_004, 0)
    assert (said["release_on"], nights.balance("2410")) == (date(2026, 7, 25), -1_001)
    assert nights.night().files  # nothing is due: no settlement
    assert not (nights.out / "2026-07-24" / "payments" / "settlements").exists()
    nights.night()
    assert sums(nights.last()) == (0, 0, 0, 0, 0, 1_001, 1_001, 0, 1_001, 0)
    assert (nights.balance("2410"), nights.balance("2400")) == (0, 0)
    nights.night()
    assert len(nights.shop.rig.sql("SELECT FROM merchant_settlement")) == 2


def test_a_week(nights: Nights) -> None:
    """23 July is a Thursday; the week ends on Saturday, and is paid on Monday."""
    shop = nights.shop
    nights.plan(Settlement(every="week", weekday=6), Fees())
    first = shop.paid(1_000)
    assert shop.rig.run(shop.plans.payout_date_of(first.payment_id)) == date(2026, 7, 27)
    nights.night()
    said = nights.last()
    assert sums(said) == (1_000, 0, 0, 0, 0, 0, 1_000, 0, 0, 1_000)
    assert said["held"] == "not_due"
    shop.paid(2_000)
    summary = nights.night()  # of Friday: the banks execute on Monday
    assert sums(nights.last()) == (2_000, 0, 0, 0, 0, 0, 2_000, 1_000, 3_000, 0)
    assert summary.cases == ()
    shop.paid(4_000)
    shop.refund(first, 600)
    nights.night()  # Saturday
    assert sums(nights.last()) == (4_000, 600, 0, 0, 0, 0, 3_400, 0, 3_400, 0)
    shop.paid(8_000)
    nights.night()  # Sunday begins the next week
    assert sums(nights.last())[-3:] == (0, 0, 8_000)
    assert nights.balance("2400") == -8_000


def test_less_than_the_least_is_carried(nights: Nights) -> None:
    nights.plan(Settlement(least_payout_minor=1_500), Fees())
    nights.shop.paid(1_000)
    summary = nights.night()
    said = nights.last()
    assert (sums(said)[-2:], said["held"]) == ((0, 1_000), "below_least")
    assert summary.cases == ()
    nights.shop.paid(500)
    nights.night()
    assert sums(nights.last())[-3:] == (1_000, 1_500, 0)


def test_refunds_beyond_the_day_are_owed_and_netted(nights: Nights) -> None:
    shop = nights.shop
    nights.plan(fees=Fees())
    asked = shop.paid(10_000)
    nights.night()
    shop.refund(asked, 10_000)
    shop.paid(3_000)
    summary = nights.night()
    assert sums(nights.last()) == (3_000, 10_000, 0, 0, 0, 0, -7_000, 0, 0, -7_000)
    assert [(case.kind, case.reason, case.amount_minor) for case in summary.cases] == [
        ("merchant_payout", "not_positive", -7_000)]
    shop.paid(9_000)
    nights.night()
    assert sums(nights.last()) == (9_000, 0, 0, 0, 0, 0, 9_000, -7_000, 2_000, 0)
    assert nights.balance("2400") == 0


def test_a_refund_that_the_bank_would_not_pay(nights: Nights) -> None:
    shop = nights.shop
    nights.plan()
    asked = shop.paid(10_000)
    refund = shop.refund(asked, 10_000)["id"]
    nights.night()
    assert sums(nights.last()) == (10_000, 10_000, 160, 32, 0, 0, -192, 0, 0, -192)
    shop.rig.run(shop.after.refund_failed(refund, "AC04", "account_closed"))
    nights.night()
    said = nights.last()
    assert [line["kind"] for line in said["payments"]] == ["refund_returned"]
    assert sums(said) == (0, -10_000, -25, -5, 0, 0, 10_030, -192, 9_838, 0)
    assert nights.balance("2400") == 0
    assert (nights.balance("4300"), nights.balance("2700")) == (-135, -27)


def test_a_payout_that_no_bank_takes_is_tried_again(nights: Nights) -> None:
    shop = nights.shop
    nights.plan(fees=Fees())
    shop.rig.sql("UPDATE account SET iban = NULL WHERE account_id = $1", SHOP_ACCOUNT)
    shop.paid(5_000)
    for _ in range(2):
        summary = nights.night()
        assert [case.reason for case in summary.cases] == ["iban_missing"]
        assert sums(nights.last())[-2:] == (0, 5_000)
    shop.rig.sql("UPDATE account SET iban = 'DE89370400440532013000' WHERE account_id = $1",
                 SHOP_ACCOUNT)
    nights.night()
    assert sums(nights.last()) == (0, 0, 0, 0, 0, 0, 0, 5_000, 5_000, 0)


def test_captures_by_hand_over_two_nights(nights: Nights) -> None:
    shop = nights.shop
    nights.plan()
    asked = shop.paid(10_000, capture="manual")
    assert shop.rig.run(shop.plans.payout_date_of(asked.payment_id)) is None
    nights.night()  # paid, and not the merchant's yet
    assert nights.balance("2500") == -10_000
    assert not (nights.out / "2026-07-23" / "payments" / "settlements").exists()
    shop.capture(asked, 6_000)
    nights.night()
    assert sums(nights.last())[:4] == (6_000, 0, 85, 17)
    shop.capture(asked, 3_500, final=True)
    assert shop.rig.run(shop.plans.payout_date_of(asked.payment_id)) == date(2026, 7, 27)
    nights.night()
    # In all a payment of 9,500: 118.75 is 119, and 10; less the 85 of the first part.
    assert sums(nights.last())[:4] == (3_500, 0, 44, 9)
    assert (nights.balance("2500"), nights.balance("1400"), nights.balance("2400")) == (
        0, 9_500, 0)


def test_a_sandbox_is_not_paid(nights: Nights) -> None:
    shop = nights.shop
    shop.rig.sql("UPDATE merchant SET sandbox = true WHERE merchant_id = 'SHOP'")
    shop.rig.sql("UPDATE rules SET version = version + 1")
    shop.payments.parties.outdated()
    shop.refund(shop.paid(10_000), 400)
    nights.night()
    assert nights.balance("1300") == 0
    assert shop.rig.sql("SELECT FROM clearing_credit WHERE held = ''") == []


def test_settlements_of_others_and_of_days(nights: Nights) -> None:
    shop = nights.shop
    nights.plan()
    for _ in range(3):
        shop.paid(1_000)
        nights.night()

    def listed(*days: date | None, after: str = "", most: int = 100) -> list[Any]:
        page = shop.rig.run(shop.settled.listed(CALLER, *days, after, most))
        return list(page.data)

    rows = listed(None, None)
    assert [row.business_date for row in rows] == [DAY + timedelta(days=day) for day in (2, 1, 0)]
    assert listed(DAY, DAY) == rows[2:]
    assert listed(None, None, after=rows[0].number, most=1) == rows[1:2]
    other = Caller("STATION", "x", frozenset({"report"}))
    assert shop.rig.run(shop.settled.listed(other, None, None, "", 10)).data == []
    for caller, number in ((other, rows[0].number), (CALLER, "S1"), (CALLER, "\x01")):
        with pytest.raises(Refused) as refused:
            shop.rig.run(shop.settled.one(caller, number, "", 10))
        assert refused.value.status == 404


def test_a_night_that_dies_half_way_settles_nothing(nights: Nights,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    nights.plan()
    nights.shop.paid(1_000)

    async def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("clearing.nights.payments.store_credits", die)
        with pytest.raises(RuntimeError):
            nights.night()
    for table in ("merchant_settlement", "merchant_balance", "ledger_entry"):
        assert nights.shop.rig.sql(f"SELECT FROM {table}") == []
    nights.night()
    assert sums(nights.last())[-2:] == (972, 0)


def test_a_settlement_that_the_ledger_does_not_have(nights: Nights) -> None:
    nights.plan()
    nights.shop.paid(1_000)
    nights.shop.rig.sql("ALTER TABLE posting_rule DISABLE TRIGGER append_only")
    nights.shop.rig.sql("UPDATE posting_rule SET debit = '2450' WHERE family = 'merchant_fee_net'")
    with pytest.raises(ClearingError, match="settlements of account 900001"):
        nights.night()


def test_a_plan_that_cannot_be_read_pays_nothing(nights: Nights) -> None:
    nights.shop.rig.sql("UPDATE merchant_plan SET fees = '{\"phone\": {\"percent\": \"x\"}}'")
    nights.shop.paid(1_000)
    assert [case.reason for case in nights.night().cases] == ["plan_unreadable"]
    nights.shop.rig.sql("UPDATE merchant_plan SET fees = '{}'")
    nights.night()
    assert sums(nights.last())[-3:] == (1_000, 1_000, 0)


def test_plans_are_versions_from_a_day_on(nights: Nights) -> None:
    shop = nights.shop

    def put(day: date, fees: Fees, actor: Actor = ADMIN, plan: str = "gold") -> dict[str, Any]:
        return shop.rig.run(shop.plans.put(actor, plan, NewPlan(day, fees)))

    dear, cheap = Fees(phone=Fee(percent="2")), Fees(phone=Fee(percent="1"))
    assert put(DAY, dear)["version"] == 1
    assert put(DAY, dear)["version"] == 1  # says the same
    assert put(DAY, cheap)["version"] == 2
    assert put(DAY + timedelta(days=1), dear)["version"] == 1
    rows = shop.rig.run(shop.plans.all(ADMIN, "gold"))
    assert [(row["valid_from"], row["version"]) for row in rows] == [
        (DAY + timedelta(days=1), 1), (DAY, 2), (DAY, 1)]
    with pytest.raises(Invalid, match="not closed yet"):
        put(DAY - timedelta(days=1), dear)
    with pytest.raises(Invalid, match="less than the least"):
        put(DAY, Fees(qr=Fee(least_minor=2, most_minor=1)))
    with pytest.raises(Forbidden):
        put(DAY, dear, Actor("ann", Role.ANALYST))
    with pytest.raises(Invalid, match="ASCII"):
        put(DAY, dear, plan="ž")
    with pytest.raises(Unknown):
        shop.rig.run(shop.plans.all(ADMIN, "silver"))
    trail = shop.rig.sql("SELECT what FROM audit WHERE subject = 'merchant_plan/gold' ORDER BY id")
    assert len(trail) == 3
    shop.rig.sql("UPDATE merchant SET plan_id = 'gold' WHERE merchant_id = 'SHOP'")
    for expected in (10, 20):
        shop.paid(1_000)
        nights.night()
        assert nights.last()["fees_minor"] == expected
