"""The seeded portfolio: the same each time, and valid where a bank or a host would look."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from datetime import date

import asyncpg
import pytest
from schwifty import BIC, IBAN

from authhost.counters import decode_limits
from authhost.prompts import decode_prompts
from demo import bureau, controls, numbers, plan
from demo.insert import insert
from demo.portfolio import (
    BLOCKED_STATION,
    BLOCKED_TERMINAL,
    BUSINESS_DATE,
    PROFILES,
    build,
)

PORTFOLIO = build(1)
# A card for each visit of a controlled story, one more where a second card is shown.
CONTROLLED_CARDS = sum(
    count * (2 if controls.KITS[story].beside else 1)
    for story, count in {**plan.CONTROLS, **plan.HOLDS}.items() if story in controls.KITS)


def test_the_same_seed_gives_the_same_portfolio() -> None:
    assert build(1) == PORTFOLIO
    assert build(2) != PORTFOLIO


def test_it_has_the_parties_of_a_small_operator() -> None:
    kinds = Counter(account.kind for account in PORTFOLIO.accounts)
    assert kinds == {"fleet": 7, "safe_client": 6, "merchant": 30, "payer": 60}
    assert len(PORTFOLIO.cards) == 200 + CONTROLLED_CARDS
    assert Counter(device.kind for device in PORTFOLIO.devices) == {
        "pos": 40, "safe": 20}
    assert len(PORTFOLIO.shops()) == 30
    assert len(PORTFOLIO.sites) == 15
    assert len(PORTFOLIO.payers) == 60


def test_every_card_number_passes_the_luhn_check_and_is_its_own() -> None:
    pans = [card.card.pan for card in PORTFOLIO.cards]
    assert all(numbers.luhn_valid(pan) for pan in pans)
    assert all(len(pan) == 19 and pan.startswith("780131") for pan in pans)
    assert len(set(pans)) == len(pans)


@pytest.mark.parametrize(("digits", "check"), [("7992739871", "3"), ("411111111111111", "1"),
                                               ("0", "0")])
def test_known_luhn_check_digits(digits: str, check: str) -> None:
    assert numbers.luhn_check_digit(digits) == check
    assert not numbers.luhn_valid(digits + str((int(check) + 1) % 10))


def test_every_account_is_one_that_a_bank_takes() -> None:
    for account in PORTFOLIO.accounts:
        iban, bic = IBAN(account.iban or ""), BIC(account.bic or "")
        assert iban.country_code == bic.country_code
        assert iban.bank_code
    assert len({account.iban for account in PORTFOLIO.accounts}) == len(PORTFOLIO.accounts)
    assert numbers.iban("DE", "370400440532013000") == "DE89370400440532013000"


def test_every_limit_is_one_that_the_host_understands() -> None:
    rows = (*PORTFOLIO.accounts, *PORTFOLIO.subaccounts, *PORTFOLIO.cards, *PORTFOLIO.vehicles,
            *PORTFOLIO.drivers)
    limits = [limit for row in rows for limit in decode_limits(json.dumps(row.limits))]
    limits += [limit for account in PORTFOLIO.accounts
               for limit in decode_limits(json.dumps(account.site_limits))]
    assert len(limits) > 300
    assert {limit.window for limit in limits} == {
        "transaction", "day", "week", "month", "quarter", "year", "total", "rolling", "gap"}
    groups = {group.name for group in PORTFOLIO.product_groups}
    assert {limit.group for limit in limits} == {"", *groups}


def test_every_prompt_is_one_that_the_host_understands() -> None:
    prompts = [prompt.prompt for card in PORTFOLIO.cards if card.prompts
               for prompt in decode_prompts(json.dumps(card.prompts))]
    assert set(prompts) == {"odometer", "driver_number", "trailer"}


def test_what_a_limit_s_story_must_hear_is_what_its_limit_is_called() -> None:
    for story, kit in controls.KITS.items():
        if not story.startswith("limit:") or "limits" not in kit.card:
            continue
        limit, = decode_limits(json.dumps(kit.card["limits"]))
        assert limit.name("card") == story


def test_every_station_of_the_edge_program_speaks_its_own_profile() -> None:
    profiles = {device.merchant_id: device.edge for device in PORTFOLIO.edges()}
    assert sorted(profiles.values()) == sorted(PROFILES)
    assert {one.profile for one in PORTFOLIO.product_codes} <= set(PROFILES)
    assert not {one.terminal_id for one in PORTFOLIO.edges()} & {
        one.terminal_id for one in PORTFOLIO.working_pos()}


def test_each_story_has_its_cards() -> None:
    for role in plan.CARDS:
        assert PORTFOLIO.cards_of(role), role
    for role, count in {**plan.CONTROLS, **plan.HOLDS}.items():
        if role in controls.KITS:
            assert len(PORTFOLIO.cards_of(role)) == count, role
    assert PORTFOLIO.cards_of("ordinary", "CHF")


def test_the_plan_is_the_same_each_time_and_stays_within_the_day() -> None:
    visits = plan.plan(1)
    assert visits == plan.plan(1)
    assert visits != plan.plan(2)
    counts = Counter((visit.place, visit.story) for visit in visits)
    for place, stories in plan.PLACES.items():
        for story, count in stories.items():
            assert counts[place, story] == count
    assert min(visit.at_s for visit in visits) >= plan.OPENS_S
    assert max(visit.at_s for visit in visits) <= plan.CLOSES_S


@pytest.mark.invariant(15)
def test_it_goes_into_the_database_without_a_card_number(database_url: str) -> None:
    def pan_index(pan: str) -> bytes:
        return hashlib.sha256(pan.encode()).digest()

    async def run() -> None:
        await insert(database_url, PORTFOLIO, BUSINESS_DATE, pan_index)
        connection = await asyncpg.connect(database_url)
        try:
            for table, count in (
                    ("card", len(PORTFOLIO.cards)), ("fence", 103), ("terminal", 60),
                    ("payer", 60), ("product", 4), ("product_code", 4), ("product_group", 2),
                    ("subaccount", len(PORTFOLIO.subaccounts))):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == count
            assert await connection.fetchval("SELECT fuel_date FROM rules") == BUSINESS_DATE
            cards = await connection.fetchval("SELECT json_agg(card)::text FROM card")
            office = await connection.fetchval("SELECT hours FROM card WHERE hours IS NOT NULL")
        finally:
            await connection.close()
        assert not any(card.card.pan in cards for card in PORTFOLIO.cards)
        assert [bin(mask).count("1") for mask in office] == [8, 8, 8, 8, 8, 0, 0]

    asyncio.run(run())


def test_no_blocked_terminal_works() -> None:
    working = {device.terminal_id for device in PORTFOLIO.working_pos()}
    assert len(working) == 32
    assert not working & {BLOCKED_TERMINAL, f"T{BLOCKED_STATION:02d}01"}


def test_every_story_that_locks_a_card_has_one_of_its_own() -> None:
    assert bureau.STRIPES["OFFSET"] > plan.PINS["pin_locked"] + plan.PINS["pin_unlocked"]
    assert bureau.CHIPS["CHIP"] > plan.CHIPS["chip_locked"]


def test_the_business_date_is_a_working_day() -> None:
    assert date(2026, 11, 20) == BUSINESS_DATE
    assert BUSINESS_DATE.weekday() < 5
