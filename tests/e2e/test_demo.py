"""The whole product once: a business day over the real wires, the night, and all sums compared.

One run serves every test here; each looks at another part of what it said about itself.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo import plan
from demo.portfolio import BUSINESS_DATE, EDGES, build

_TIMEOUT_S = 180
_LIMITS = {name for name in plan.CARDS if ":" in name}
_REASONS = {
    "card_unknown", "card_blocked", "card_lost", "card_stolen", "card_expired", "card_closed",
    "card_not_effective", "terminal_unknown", "terminal_blocked", "merchant_blocked", "site",
    "hours", "product:001", "duplicate_with_other_content", "reversed_before_it_came",
    "payer_account_blocked", "payer_limit:account:day:money", "pin_wrong", "pin_tries",
    "pin_missing", "cvv", "cryptogram_replayed",
    *(f"limit:{name}" for name in _LIMITS), "limit:account:day:money",
}
# Of stories that have cards of their own, and so are met exactly so often.
_EXACTLY = {
    **{name: count for name, count in plan.CONTROLS.items()
       if name.startswith("limit:") and name != "limit:account:balance:money"},
    "limit:account:balance:money": 3, "tank": plan.CONTROLS["tank"],
    "prompt_missing:odometer": plan.CONTROLS["odometer"],
    "prompt_wrong:odometer": 2 * plan.CONTROLS["odometer"],
    "prompt_missing:driver_number": plan.CONTROLS["driver_number"],
    "prompt_wrong:driver_number": plan.CONTROLS["driver_number"] + plan.CONTROLS["key_entry"],
    "prompt_wrong:trailer": plan.CONTROLS["trailer"], "key_entry": plan.CONTROLS["key_entry"],
    "second_card_unknown": plan.CONTROLS["second_card"],
    "second_card_account": plan.CONTROLS["second_card"],
    "second_card_stolen": plan.CONTROLS["second_stolen"],
    **{name: plan.CONTROLS[name] for name in (
        "vehicle_blocked", "driver_blocked", "subaccount_blocked", "items_sum", "expiry_differs",
        "currency")},
    "increments": plan.HOLDS["increments"], "return_exceeds": plan.HOLDS["return_too_much"],
    "original_not_found": plan.HOLDS["increment_of_nothing"] + plan.HOLDS["return_of_nothing"],
}
_WINDOWS = {"transaction", "day", "week", "month", "quarter", "year", "total", "rolling24h",
            "rolling12h", "gap", "balance"}
_OBJECTIONS = {"blocked", "not_listed", "above_maximum", "above_limit", "above_floor", "product",
               "unknown_product", "pin", "no_chip", "catalogue_age"}
_ROUNDS = 6 * len(EDGES)  # of sales with the host, at stations with the edge program


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """`authhost demo --json`, as a user types it."""
    directory = tmp_path_factory.mktemp("demo")
    return subprocess.run(
        [sys.executable, "-m", "authhost", "demo", "--json", "--out", str(directory)],
        capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)


@pytest.fixture(scope="module")
def summary(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it printed: one JSON object and nothing else."""
    assert run.stdout.count("\n") == 1, run.stdout + run.stderr
    parsed: dict[str, Any] = json.loads(run.stdout)
    return parsed


def test_it_ends_well(run: subprocess.CompletedProcess[str], summary: dict[str, Any]) -> None:
    assert summary["faults"] == []
    assert run.returncode == 0, run.stderr
    assert summary["ok"]


def test_it_is_a_day_of_thousands_of_messages_and_soon_over(summary: dict[str, Any]) -> None:
    assert summary["messages"] > 3_500
    assert summary["seconds"] < 150  # forty on a quiet machine
    assert summary["deposits"] >= sum(plan.SAFES.values()) - plan.SAFES["deposit_repeated"]
    assert summary["payments"] > 100


@pytest.mark.invariant(3)
def test_every_repeat_got_the_same_bytes(summary: dict[str, Any]) -> None:
    assert summary["repeats"] >= 150
    assert summary["repeats_identical"]


@pytest.mark.invariant(2)
def test_what_the_terminals_recorded_is_what_the_journal_holds(summary: dict[str, Any]) -> None:
    assert summary["differences"] == []
    assert summary["lost"] == 0


def test_the_banks_have_what_our_books_say(summary: dict[str, Any]) -> None:
    banked = summary["banked"]
    assert {one["currency"] for one in banked["positions"]} >= {"EUR"}
    for one in banked["positions"]:
        assert (one["account_minor"], one["transit_minor"]) == (
            one["bank_minor"], one["waiting_minor"])
    assert {one["what"] for one in banked["came_back"]} == {
        "credit_returned", "paid again", "collected again"}


def test_fleets_pay_by_direct_debit(summary: dict[str, Any]) -> None:
    """One has paid; the other's bank gave it back, and it is collected again under a new id."""
    first, *rest = sorted(summary["banked"]["collected"], key=lambda one: one["collect_on"])
    states = {one["state"]: one for one in (first, *rest)}
    assert set(states) == {"collected", "returned", "sent"}
    assert states["sent"]["before_id"] == states["returned"]["end_to_end_id"]
    assert states["sent"]["sequence"].endswith("RCUR"), "its bank knows the mandate"
    assert {states[one]["sequence"].split()[1] for one in ("collected", "returned")} == {"FRST"}
    assert states["sent"]["amount_minor"] == states["returned"]["amount_minor"] > 0


def test_every_reason_to_decline_occurs(summary: dict[str, Any]) -> None:
    assert set(summary["declined_by_reason"]) >= _REASONS


def test_every_control_of_a_fleet_was_met_as_often_as_planned(summary: dict[str, Any]) -> None:
    declined = summary["declined_by_reason"]
    assert {reason: declined.get(reason, 0) for reason in _EXACTLY} == _EXACTLY
    assert set(summary["fleets"]["limits_refused"]) == _WINDOWS
    assert set(summary["fleets"]["prompts_refused"]) == {
        reason for reason in _EXACTLY if reason.startswith("prompt_")}


def test_holds_are_raised_and_goods_come_back(summary: dict[str, Any]) -> None:
    fleets, holds = summary["fleets"], plan.HOLDS
    raised = holds["increment"] + holds["increment_refused"] + 5 * holds["increments"]
    assert fleets["increments"] == raised + _ROUNDS
    back = (holds["return_full"] + 2 * holds["return_part"] + holds["return_too_much"]
            + holds["return_reversed"])
    assert fleets["returns"] == back + _ROUNDS
    assert fleets["returned_minor"] == {"EUR": (
        5_000 * (holds["return_full"] + holds["return_reversed"]) + 2_000 * holds["return_part"]
        + 1_000 * holds["return_too_much"] + 1_549 * _ROUNDS)}


def test_contracts_payments_in_and_what_a_fleet_is_told(summary: dict[str, Any]) -> None:
    fleets = summary["fleets"]
    assert fleets["contract_prices"] > 200
    assert (fleets["fundings"], fleets["funded_minor"]) == (2, 15_000)
    assert fleets["consumption"] == ["8.50"] * plan.CONTROLS["consumption"]
    told = fleets["exceptions"]
    assert told["watch:limit:card:day:money"] == plan.CONTROLS["watched"]
    assert told["tank"] == told["prompt_wrong:odometer"] == plan.CONTROLS["offline_flagged"]
    assert told["watch:region"] >= plan.CONTROLS["watched_place"]
    assert told["watch:hours"] >= told["watch:region"]
    assert told["card_blocked"] == 1


def test_a_station_sells_two_hours_without_the_host(summary: dict[str, Any]) -> None:
    stations = summary["stations"]
    assert stations["cut_off_minutes"] >= 120
    assert set(stations["offline_refused"]) == _OBJECTIONS
    assert stations["offline_sold"] == stations["forwarded"] == 6
    # One of them the terminal took for forwarded: a planted fault.
    assert stations["waited"] == 5
    assert stations["flagged"] == 2
    assert stations["catalogue_versions"] > 10
    assert stations["heartbeats"] > 60


def test_shifts_balance_and_a_planted_difference_is_found_and_mended(
        summary: dict[str, Any]) -> None:
    stations = summary["stations"]
    terminals = sum(places for _, places in EDGES.values())
    assert stations["shifts_balanced"] == terminals + len(EDGES)
    assert (stations["shifts_differing"], stations["shifts_mended"],
            stations["transactions_found"]) == (1, 1, 1)


def test_payments_by_phone_are_the_same_to_payer_shop_and_bank(summary: dict[str, Any]) -> None:
    phones, planned = summary["phones"], plan.PHONES
    states = {row["state"]: row for row in phones["states"]}
    assert {name: (row["payer"], row["merchant"], row["bank"]) for name, row in states.items()} == {
        name: (row["payer"],) * 3 for name, row in states.items()}
    assert {name: row["payer"] for name, row in states.items() if name != "CAPTURED"} == {
        "PARTLY_REFUNDED": planned["captured_part"] + planned["refunded_part"],
        "REFUNDED": planned["disputed"],
        "DECLINED": planned["limit"] + planned["blocked"] + planned["no_funds"],
        "DECLINED_BY_PAYER": planned["refused"],
        "CANCELLED": planned["cancelled"] + planned["revoked"], "EXPIRED": planned["expired"]}
    assert sum(row["payer"] for row in states.values()) == phones["payments"] == summary["payments"]
    assert sum(row["moved_minor"] for row in states.values()) == (
        phones["captured_minor"] - phones["netted_minor"])
    assert phones["declined"] == {
        "payer_limit:account:day:money": planned["limit"], "no_funds": planned["no_funds"],
        "payer_account_blocked": planned["blocked"]}
    assert (phones["were_unknown"], phones["by_code"]) == (planned["late"], planned["code"])
    assert (phones["logins"], phones["revoked"]) == (planned["login"], planned["revoked"])
    assert phones["fetched"] == 2 * planned["away"]


def test_shops_are_settled_to_the_cent(summary: dict[str, Any]) -> None:
    phones = summary["phones"]
    assert phones["settlements"] == phones["payouts"] == 30
    assert phones["gross_minor"] == phones["captured_minor"]
    assert phones["payout_minor"] == (
        phones["gross_minor"] - phones["netted_minor"] - phones["fees_minor"])
    assert phones["payout_date"] == "2026-11-23"


def test_what_went_wrong_with_cash_is_followed_to_the_booked_adjustment(
        summary: dict[str, Any]) -> None:
    cash = summary["cash"]
    assert (cash["safes"], cash["banks"], cash["down_minutes"]) == (20, ["BANK1", "BANK2"], 60)
    assert (cash["swaps"], cash["counts"], cash["shifts_balanced"]) == (2, 2, 20)
    assert set(cash["credits"]) == {"booked", "file"}
    assert cash["paid_at_once"] == cash["credits"]["booked"]
    assert cash["offline"] == cash["told"] == cash["offline_credits"]["booked"] >= 3
    assert cash["waited"] > cash["told"]
    assert cash["down_deposits"] >= 3
    assert 0 < len(cash["down_paid"]) <= cash["paid_by_file"]
    short, false = cash["cases"]
    for case, kind, currency in ((short, "difference", "EUR"), (false, "counterfeit", "CHF")):
        assert (case["kind"], case["state"], case["currency"]) == (kind, "closed", currency)
        assert (case["proposed_by"], case["decided_by"]) == ("office", "vault")
        assert case["booked_minor"] == case["amount_minor"] < 0
        assert case["booked_as"]
        assert case["taken_off"].startswith(f"{BUSINESS_DATE:%Y%m%d}-CASH-1-")
    assert (false["serial"], false["report_by"]) == ("X01234567890", "2026-12-18")


def test_a_client_gets_a_receipt_that_lacks_nothing(summary: dict[str, Any]) -> None:
    receipt = summary["cash"]["receipt"]
    assert receipt["code"] in receipt["text"]
    assert "Bargeldbetrieb GmbH" in receipt["text"]
    assert "lacks" not in receipt["text"]
    assert max(map(len, receipt["text"].splitlines())) <= 40
    path = Path(receipt["pdf"])
    assert path.stem == receipt["code"]
    assert path.read_bytes().startswith(b"%PDF")


def test_some_amounts_were_approved_in_part(summary: dict[str, Any]) -> None:
    assert summary["actions"]["002"] > 0


@pytest.mark.invariant(11)
def test_debits_equal_credits_in_each_currency(summary: dict[str, Any]) -> None:
    assert summary["balanced"]
    assert summary["debits_minor"] == summary["credits_minor"]
    assert {"EUR", "CHF"} <= set(summary["debits_minor"])
    assert all(minor > 0 for minor in summary["debits_minor"].values())


def test_the_files_are_where_it_says(summary: dict[str, Any]) -> None:
    kinds = {entry["kind"] for entry in summary["files"]}
    assert {"invoice_ubl_xml", "invoice_csv_csv", "settlement_csv", "deposit_credit_xml",
            "merchant_payout_xml"} <= kinds
    folder = Path(summary["out_dir"])
    assert folder.name == BUSINESS_DATE.isoformat()
    for entry in summary["files"]:
        assert (folder / entry["path"]).is_file(), entry


def test_every_fuel_terminal_has_keys_and_macs(summary: dict[str, Any]) -> None:
    proved = summary["proved"]
    edges = sum(places for _, places in EDGES.values())
    assert proved["key_changes"] == 32 + edges + plan.FUEL["key_change"]
    assert proved["macs_checked"] == proved["macs_made"] > 3_000
    assert proved["macs_refused"] == 0


def test_pins_are_verified_by_the_hsm(summary: dict[str, Any]) -> None:
    proved, pins = summary["proved"], plan.PINS
    locking = pins["pin_locked"] + pins["pin_unlocked"]
    assert proved["pins_wrong"] == 3 * locking + pins["pin_wrong_once"]
    assert proved["pins_right"] >= pins["pin"] + pins["pin_dukpt"] + pins["pin_wrong_once"]
    assert (proved["cards_locked"], proved["cards_unlocked"]) == (locking, pins["pin_unlocked"])
    assert proved["stripes_wrong"] == pins["stripe_copied"]
    assert proved["stripes_good"] > pins["pin"]


def test_chips_and_issuer_prove_themselves_to_each_other(summary: dict[str, Any]) -> None:
    proved, chips = summary["proved"], plan.CHIPS
    sold = chips["chip"] + chips["chip_wrong_once"] + chips["chip_replayed"]
    assert proved["issuer_proofs"] == proved["pins_by_card"] == sold
    # A replay is verified, and refused all the same.
    assert proved["cryptograms"] >= sold + chips["chip_replayed"]
    assert proved["copies_refused"] == chips["chip_copied"]
    assert proved["chips_locked"] == chips["chip_locked"]


def test_the_hsm_was_asked_and_was_quick(summary: dict[str, Any]) -> None:
    proved = summary["proved"]
    assert proved["hsm_calls"] > 2 * 3_000
    assert 0 < proved["hsm_p50_ms"] < proved["hsm_p99_ms"]


@pytest.mark.invariant(15)
def test_nothing_that_is_secret_lies_about(summary: dict[str, Any]) -> None:
    """No track, PIN or PIN block in database, logs, files and spool: the demo looks itself."""
    assert summary["secrets_at_rest"] == 0


@pytest.mark.invariant(15)
def test_no_card_number_lies_about(summary: dict[str, Any]) -> None:
    """Neither in the database and the logs (the demo looks itself) nor in the files."""
    assert summary["card_numbers_at_rest"] == 0
    out = Path(summary["out_dir"])
    written = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert not any(card.card.pan.encode() in written for card in build(1).cards)
    assert b"780131****" in written


def test_the_example_sells_with_a_pin(tmp_path: Path) -> None:
    """`authhost up --example`: what it prints can be typed, at a second start as well."""
    first = _example(tmp_path, "4711", status=0)
    assert _example(tmp_path, "9999", status=1) == first


def _example(directory: Path, pin: str, status: int) -> str:
    """Start it, sell with this PIN where it prints another, stop it. The command it printed."""
    errors = directory / "errors"
    with errors.open("w") as file, subprocess.Popen(
            [sys.executable, "-m", "authhost", "up", "--example",
             "--data-dir", str(directory / "data"), "--iso", "ifsf:binary2:127.0.0.1:0",
             "--http", "127.0.0.1:0", "--log-level", "error"],
            stdout=subprocess.PIPE, stderr=file, text=True) as host:
        try:
            assert host.stdout is not None
            port = json.loads(host.stdout.readline())["ports"]["ifsf:0"]
            command, = (line for line in errors.read_text().splitlines() if "--pin" in line)
            typed = command.replace("--pin 4711", f"--pin {pin} --port {port}").split()
            sold = subprocess.run([sys.executable, *typed[1:]], capture_output=True, text=True,
                                  timeout=30, check=False)
            assert sold.returncode == status, sold.stdout + sold.stderr
            assert ("pin_wrong" in sold.stdout) == bool(status)
        finally:
            host.send_signal(signal.SIGINT)
    assert host.returncode == 0, errors.read_text()
    return command
