"""Who is right: the notes in the safes, the host's rows, and the banks' own books, compared.

Knows nothing of how any was made. lost: cash that the host does not have, a credit that no bank
has; doubled: a deposit that is there twice, a credit that a bank has twice or should not have.
`early` is asked at each death, while the dead lie there: by the end a second try may have hidden
what the first one left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from authhost.safes.life import end_to_end_id
from demo import credited
from demo.insert import statement as demo_statement
from terminals.bank.books import Payment
from tests.crash.deaths import Verdict
from tests.crash.deposits.place import Place, statement
from tests.crash.deposits.portfolio import ROLES
from tests.crash.deposits.safe import Safe

_ENDED: Final = credited.PAID | {"refused"}
_WAITING: Final = frozenset({"queued", "sent", "unknown", "night"})
# Where a bank may have been asked to pay at once, and has.
_ASKED: Final = frozenset({"sent", "unknown", "accepted", "booked"})


async def judge(at: Place) -> Verdict:
    """Once nothing moves any more."""
    deposits = await at.rows(statement("books"))
    rows = {row["key"]: row["rows"] for row in await at.rows(statement("rows"))}
    adjustments = await at.rows(statement("adjustments"))
    payments = {payment.end_to_end_id: payment for payment in at.bank.books.payments()}
    items = await at.rows(demo_statement("cash_items"))
    lost, doubled = _in_safes(at.safes.values(), deposits)
    for more_lost, more_doubled in (
            msgspec.structs.astuple(credited.faults(deposits, items, payments)),
            _booked(adjustments), _by_client(deposits, payments.values()),
            _by_account(await at.rows(statement("accounts")), at.agreed_minor)):
        lost += more_lost
        doubled += more_doubled
    lost += _not_credited(deposits)
    lost += [f"{row['terminal_id']} {row['sequence']}: a change that nobody wrote down, at "
             f"{row['from_there'] or ''} {row['before']} {row['after']}, now {row['now']}"
             for row in await at.rows(statement("breaks"))]
    doubled += [f"{key}: {count} rows in the journal" for key, count in rows.items() if count > 1]
    return Verdict(lost, doubled)


async def early(at: Place) -> list[str]:
    """What a bank has paid though nothing on the disk says that it was asked to."""
    payments = at.bank.books.payments()  # first: what is in the rows has been there as long
    credit = {end_to_end_id(row["business_date"], row["journal_id"]): row["credit"]
              for row in await at.rows(statement("books"))}
    return [f"the bank has paid {payment.end_to_end_id} at once, and its credit is "
            f"{credit.get(payment.end_to_end_id, 'unheard of')}"
            for payment in payments if payment.paid and payment.source == "online"
            and credit.get(payment.end_to_end_id) not in _ASKED]


def _in_safes(safes: Iterable[Safe], deposits: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What lies in the safes and on its way, beside what the host has."""
    lost: list[str] = []
    doubled: list[str] = []
    told: Counter[str] = Counter()
    for row in deposits:
        told[row["terminal_id"]] += row["amount_minor"]
    for safe in safes:
        drawers = safe.machine.drawers
        there = sum(count.amount_minor for cassette in (*drawers.taken_out, drawers.cassette)
                    for count in cassette)
        found = told[safe.role.terminal_id]
        if found != there:
            (lost if found < there else doubled).append(
                f"{safe.role.role}: {there} lies in its cassettes, the host has {found}")
    return lost, doubled


def _not_credited(deposits: Sequence[Any]) -> list[str]:
    """What nothing spoke against has its credit at last."""
    found = []
    for row in deposits:
        label = f"{row['terminal_id']} {row['sequence']} ({row['state']}, {row['credit']})"
        if row["credit"] in _WAITING:
            found.append(f"{label}: it waits still")
        elif row["state"] != "reversed" and not row["withheld"] \
                and row["credit"] not in _ENDED:
            found.append(f"{label}: nothing spoke against it, and it has no credit")
    return found


def _by_client(deposits: Sequence[Any],
               payments: Iterable[Payment]) -> tuple[list[str], list[str]]:
    """By account, whatever the payments are called: deposits and nothing more."""
    owed: Counter[str] = Counter()
    for row in deposits:
        if row["credit"] in credited.PAID:
            owed[row["iban"]] += row["amount_minor"]
    got: Counter[str] = Counter()
    for payment in payments:
        if payment.paid and payment.source == "online":
            got[payment.creditor] += payment.amount_minor
    ibans = {role.iban: role.role for role in ROLES.values()}
    return [], [f"{ibans[iban]}: the bank has paid {minor} at once, of {owed[iban]} in all"
                for iban, minor in got.items() if iban in ibans and minor > owed[iban]]


def _by_account(accounts: Sequence[Any],
                agreed_minor: Mapping[int, int]) -> tuple[list[str], list[str]]:
    """By account, whatever the rows are called: what two people agreed upon is adjusted, what they
    reversed is taken back, and what nobody has counted is what counts against the cap."""
    lost: list[str] = []
    doubled: list[str] = []
    for row in accounts:
        meant = agreed_minor.get(row["account_id"], 0) - row["taken_back_minor"]
        adjusted, exposure = row["adjusted_minor"], row["exposure_minor"]
        if adjusted != meant:
            (doubled if abs(adjusted) > abs(meant) else lost).append(
                f"{row['name']}: {meant} to be adjusted, the journal has {adjusted}")
        if exposure != row["uncounted_minor"]:
            (doubled if exposure < row["uncounted_minor"] else lost).append(
                f"{row['name']}: {row['uncounted_minor']} is not counted, the journal has "
                f"{exposure} against the cap")
    return lost, doubled


def _booked(adjustments: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What was decided is in the journal, once."""
    lost = [f"adjustment {row['posting_id']} of {row['account_id']} is in no journal"
            for row in adjustments if row["rows"] == 0]
    keys = Counter(row["journal_key"] for row in adjustments if row["journal_key"])
    return lost, [f"adjustment {row['posting_id']}: {row['rows']} rows" for row in adjustments
                  if row["rows"] > 1 or keys[row["journal_key"]] > 1]
