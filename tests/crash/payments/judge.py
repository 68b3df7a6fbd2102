"""Who is right: the bank's own books, the host's rows, the journal and Valkey, compared; what
merchants and payers are shown and were told, compares shown.py.

Knows nothing of how any was made. lost: a payment, a refund or a message that is missing where
somebody was told of it; doubled: money that has moved twice, or without a word, or what two of them
are shown differently. `early` is asked at each death, while the dead lie there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from authhost.payments.life import BANK, TABLE, WORD, State, paid_state
from terminals.bank.books import Payment
from tests.crash.deaths import Verdict
from tests.crash.payments import shown
from tests.crash.payments.place import Place
from tests.crash.payments.portfolio import (
    MERCHANTS,
    ROLES,
    SHOP,
    SPARE,
    SPARE_LIMIT_MINOR,
    spare,
)
from tests.crash.payments.shown import Changes, Rows
from tests.crash.payments.stage import statement

_ASKED: Final = frozenset({"sent", "unknown", "accepted"})  # a bank that has paid was asked
_PAID: Final = frozenset({State.PAID, State.CAPTURED, State.PARTLY_REFUNDED, State.REFUNDED})


async def early(at: Place) -> list[str]:
    """What the bank has moved though nothing on the disk says that it was asked to, what somebody
    was told that no row says, and payers beyond their limit."""
    # First: what is in the rows has been there as long.
    books, heard, hooks = at.bank.books.payments(), list(at.heard), list(at.hooks)
    orders = {row["end_to_end_id"]: row["state"] for row in await at.rows(statement("orders"))}
    there = {f"R{row['refund_id']}" for row in await at.rows(statement("refunds"))}
    found = [f"the bank has moved {one.end_to_end_id}, and its order is "
             f"{orders.get(one.end_to_end_id, 'unheard of')}" for one in books
             if one.paid and orders.get(one.end_to_end_id) not in _ASKED]
    found += [f"the bank has given back {one.end_to_end_id}, and there is no such refund"
              for one in books if one.paid and one.end_to_end_id.startswith("R")
              and one.end_to_end_id not in there]
    found += shown.too_early(heard, hooks, await _changes(at))
    return found + _over_limit(await at.rows(statement("counted")))


async def _changes(at: Place) -> Changes:
    """By payment."""
    changes: dict[str, list[Any]] = defaultdict(list)
    for row in await at.rows(statement("changes")):
        changes[row["payment_id"]].append(row)
    return changes


async def judge(at: Place) -> Verdict:
    """Once nothing moves any more."""
    found = Verdict([], [])
    payments = await at.rows(statement("payments"))
    refunds = await at.rows(statement("refunds"))
    changes = await _changes(at)
    books = at.bank.books.payments()
    _lives(found, payments, changes)
    _bank(found, payments, refunds, books)
    _by_account(found, books, await at.rows(statement("orders")))
    _journal(found, payments, changes)
    counted = await at.rows(statement("counted"))
    found.doubled += _over_limit(counted)
    await _counters(found, at, counted)
    shown.heard(found, at, changes, refunds)
    shown.credited(found, at, await at.rows(statement("credits")))
    shown.hooks(found, at, payments, changes)
    await shown.archive(found, at, payments)
    await shown.phones(found, at, payments)
    found.doubled += [f"{row['key']}: its bank was heard to say both yes and no"
                      for row in await at.rows(statement("contradicted"))]
    found.doubled += [f"{row['payment_id']} was signed by {row['serial']} after its end"
                      for row in await at.rows(statement("keys")) if row["payment_id"]]
    ended = {row["serial"] for row in await at.rows(statement("keys"))}
    found.lost += [f"{serial} was given up, and is in force" for serial in at.revoked
                   if serial not in ended]
    return found


def _lives(found: Verdict, payments: Rows, changes: Changes) -> None:
    """Each change leads from the one before it, as the table says, and one word is the last; what
    was paid is what its amounts say."""
    for row in payments:
        name, told = row["payment_id"], changes.get(row["payment_id"], [])
        before = ""
        for number, change in enumerate(told, 1):
            if change["version"] != number or change["before"] != before:
                found.lost.append(f"{name}: a change that nobody wrote down, at {number}")
            pair = (change["before"], change["event"])
            meant = TABLE.get(pair, "") or change["after"] if pair in TABLE else \
                "created" if pair == ("", "create") else \
                before if change["event"] == "refund_paid" else ""
            meant = before if change["event"] == "unrefund" and before == "disputed" else meant
            if change["after"] != meant:
                found.doubled.append(f"{name}: {pair} led to {change['after']}")
            before = change["after"]
        if (row["state"], row["version"]) != (before, len(told)):
            found.lost.append(f"{name} is {row['state']}, its changes end with {before}")
        by_amount = paid_state(row["amount_minor"], row["captured_minor"], row["refunded_minor"])
        if row["state"] in _PAID and row["state"] != by_amount:
            found.doubled.append(f"{name} is {row['state']}, and by its amounts {by_amount}")
        for events in (WORD, BANK):
            if sum(change["event"] in events for change in told) > 1:
                found.doubled.append(f"{name}: two words of one: "
                                     f"{[change['event'] for change in told]}")


def _bank(found: Verdict, payments: Rows, refunds: Rows, books: Sequence[Payment]) -> None:
    """What the bank has moved, each once, is what is paid, and what is given back."""
    moved = {one.end_to_end_id: one.amount_minor for one in books if one.paid}
    meant = {f"P{row['payment_id']}": row["amount_minor"] for row in payments
             if row["state"] in _PAID and row["kind"] == "phone" and not row["sandbox"]}
    meant |= {f"R{row['refund_id']}": row["amount_minor"] for row in refunds
              if row["state"] == "paid" and not row["sandbox"]}
    for name in sorted(moved.keys() | meant.keys()):
        found.differ(moved.get(name, 0), meant.get(name, 0), f"the bank has moved of {name}")
    for row in payments:
        paid = "accepted" if row["state"] in _PAID else "refused"
        if row["order_state"] not in {None, paid}:
            found.doubled.append(f"{row['payment_id']} is {row['state']}, its order "
                                 f"{row['order_state']}")
    for row in refunds:
        if (row["state"], row["order_state"]) not in {("paid", "accepted"),
                                                      ("declined", "refused")}:
            found.lost.append(f"refund {row['refund_id']} is {row['state']}, its order "
                              f"{row['order_state']}")


def _by_account(found: Verdict, books: Sequence[Payment], orders: Rows) -> None:
    """By payer and whatever the orders are called: what was asked for and said to be done."""
    meant: Counter[tuple[str, str]] = Counter()
    for row in orders:
        if row["state"] == "accepted":
            meant[row["kind"], row["iban"]] += row["amount_minor"]
    ibans = {role.iban: role.role for role in (*ROLES.values(), *map(spare, range(SPARE)))}
    moved: Counter[tuple[str, str]] = Counter()
    for one in books:
        if one.paid:
            kind = "debit" if one.debtor in ibans else "refund"
            moved[kind, one.debtor if kind == "debit" else one.creditor] += one.amount_minor
    for (kind, iban), minor in moved.items():
        if minor > meant[kind, iban]:
            found.doubled.append(f"{kind} of {ibans.get(iban, iban)}: the bank has moved {minor}, "
                                 f"of {meant[kind, iban]} in all")


def _journal(found: Verdict, payments: Rows, changes: Changes) -> None:
    """What is counted is what was signed and did not fail; what is booked is what is paid, less
    what went back. A developer's payment is neither."""
    for row in payments:
        events = [change["event"] for change in changes.get(row["payment_id"], ())]
        amount, name = row["amount_minor"], row["payment_id"]
        stands = "sign" in events and "fail" not in events and not row["sandbox"]
        for side in ("payer", "merchant"):
            found.differ(row[f"{side}_counted"], amount if stands else 0,
                         f"{name}: counted of its {side}")
        found.differ(row["number"], 2 if stands else 0, f"{name}: counted in number")
        paid = ("pay" in events or "match" in events) and not row["sandbox"]
        captured, refunded = row["captured_minor"], row["refunded_minor"]
        found.differ(row["payer_minor"], amount - refunded if paid else 0,
                     f"{name}: booked of its payer")
        found.differ(row["merchant_minor"],
                     captured - max(captured + refunded - amount, 0) if paid else 0,
                     f"{name}: booked of its merchant")


def _over_limit(counted: Rows) -> list[str]:
    spares = {spare(number).number for number in range(SPARE)}
    return [f"account {row['account_id']} has taken {row['money']}, beyond its limit"
            for row in counted if row["account_id"] in spares and row["money"] > SPARE_LIMIT_MINOR]


async def _counters(found: Verdict, at: Place, counted: Rows) -> None:
    """Valkey has never counted less than the journal; summed again it counts the same."""
    now = await at.counters()
    for row in counted:
        account, meant = row["account_id"], (row["money"], row["count"])
        there = now.get(account)
        if there is not None and (there.get("money", 0), there.get("count", 0)) != meant:
            found.doubled.append(f"account {account}: the journal has {meant}, Valkey {there}")
    for account, (live, meant_then) in at.live.items():
        if live.get("money", 0) < meant_then:
            found.lost.append(f"account {account}: Valkey had counted {live}, the journal "
                              f"{meant_then}")
    if MERCHANTS[SHOP] not in now:
        found.lost.append("the merchant's account: nobody has summed it again")
