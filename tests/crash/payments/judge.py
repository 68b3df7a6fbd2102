"""Who is right: the bank's own books, the host's rows, the journal, Valkey, and what merchants and
payers are shown and were told, compared.

Knows nothing of how any was made. lost: a payment, a refund or a message that is missing where
somebody was told of it; doubled: money that has moved twice, or without a word, or what two of them
are shown differently. `early` is asked at each death, while the dead lie there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from authhost.payments.life import BANK, TABLE, WORD
from terminals.bank.books import Payment
from tests.crash.deaths import Verdict
from tests.crash.payments.place import SECRET, Place, statement
from tests.crash.payments.portfolio import (
    MERCHANTS,
    ROLES,
    SPARE,
    SPARE_LIMIT_MINOR,
    spare,
)
from tests.support.webhook_shop import verified

_ASKED: Final = frozenset({"sent", "unknown", "accepted"})  # a bank that has paid was asked
_QUIET: Final = frozenset({"create", "notify", "open"})  # no merchant is told by webhook
_PAID: Final = frozenset({"paid", "captured", "partly_refunded", "refunded"})
_LISTED: Final = 200  # of one phone: it is shown no more
Changes = Mapping[str, Sequence[Any]]
Rows = Sequence[Any]


class Found:
    """Gathers."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.doubled: list[str] = []

    def differ(self, more: int, less: int, what: str) -> None:
        """more: what is there; less: what should be."""
        if more != less:
            (self.doubled if more > less else self.lost).append(f"{what}: {more}, not {less}")


async def early(at: Place) -> list[str]:
    """What the bank has moved though nothing on the disk says that it was asked to, and payers
    beyond their limit."""
    books = at.bank.books.payments()  # first: what is in the rows has been there as long
    orders = {row["end_to_end_id"]: row["state"] for row in await at.rows(statement("orders"))}
    there = {f"R{row['refund_id']}" for row in await at.rows(statement("refunds"))}
    found = [f"the bank has moved {one.end_to_end_id}, and its order is "
             f"{orders.get(one.end_to_end_id, 'unheard of')}" for one in books
             if one.paid and orders.get(one.end_to_end_id) not in _ASKED]
    found += [f"the bank has given back {one.end_to_end_id}, and there is no such refund"
              for one in books if one.paid and one.end_to_end_id.startswith("R")
              and one.end_to_end_id not in there]
    return found + _over_limit(await at.rows(statement("counted")))


async def judge(at: Place) -> Verdict:
    """Once nothing moves any more."""
    found = Found()
    payments = await at.rows(statement("payments"))
    refunds = await at.rows(statement("refunds"))
    changes: dict[str, list[Any]] = defaultdict(list)
    for row in await at.rows(statement("changes")):
        changes[row["payment_id"]].append(row)
    books = at.bank.books.payments()
    _lives(found, payments, changes)
    _bank(found, payments, refunds, books)
    _by_account(found, books, await at.rows(statement("orders")))
    _journal(found, payments, changes)
    counted = await at.rows(statement("counted"))
    found.doubled += _over_limit(counted)
    await _counters(found, at, counted)
    _heard(found, at, changes, refunds)
    _credits(found, at, await at.rows(statement("credits")))
    _hooks(found, at, payments, changes)
    await _archive(found, at, payments)
    await _phones(found, at, payments)
    found.doubled += [f"{row['payment_id']} was signed by {row['serial']} after its end"
                      for row in await at.rows(statement("keys")) if row["payment_id"]]
    ended = {row["serial"] for row in await at.rows(statement("keys"))}
    found.lost += [f"{serial} was given up, and is in force" for serial in at.revoked
                   if serial not in ended]
    return Verdict(found.lost, found.doubled)


def _lives(found: Found, payments: Rows, changes: Changes) -> None:
    """Each change leads from the one before it, as the table says, and one word is the last."""
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
        for events in (WORD, BANK):
            if sum(change["event"] in events for change in told) > 1:
                found.doubled.append(f"{name}: two words of one: "
                                     f"{[change['event'] for change in told]}")


def _bank(found: Found, payments: Rows, refunds: Rows, books: Sequence[Payment]) -> None:
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


def _by_account(found: Found, books: Sequence[Payment], orders: Rows) -> None:
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


def _journal(found: Found, payments: Rows, changes: Changes) -> None:
    """What is counted is what was signed and did not fail; what is booked is what is paid, less
    what went back."""
    for row in payments:
        events = [change["event"] for change in changes.get(row["payment_id"], ())]
        amount, name = row["amount_minor"], row["payment_id"]
        stands = "sign" in events and "fail" not in events
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


async def _counters(found: Found, at: Place, counted: Rows) -> None:
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
    missing = [account for account in MERCHANTS.values() if account not in now]
    found.lost += [f"account {account}: nobody has summed it again" for account in missing[:1]]


def _heard(found: Found, at: Place, changes: Changes, refunds: Rows) -> None:
    """What somebody was answered has been so."""
    for payment, state in dict.fromkeys(at.heard):
        if state.lower() not in {change["after"] for change in changes.get(payment, ())}:
            found.lost.append(f"{payment}: somebody was answered {state}, and it never was")
    there = {row["refund_id"] for row in refunds}
    found.lost += [f"refund {name}: its merchant was told of it, and there is none"
                   for name in at.refunds_heard if name not in there]


def _credits(found: Found, at: Place, rows: Rows) -> None:
    """Each that the bank told is there, as it was told; none pays twice."""
    there = {row["entry_reference"]: row["amount_minor"] for row in rows}
    for entry in there.keys() | at.credited_minor.keys():
        found.differ(there.get(entry, 0), at.credited_minor.get(entry, 0), f"credit {entry}")
    paid = Counter(row["payment_id"] for row in rows if row["state"] == "matched")
    found.doubled += [f"{name} was paid by {count} credits" for name, count in paid.items()
                      if count > 1]


def _hooks(found: Found, at: Place, payments: Rows, changes: Changes) -> None:
    """Each change that a merchant is told was told, first in its order, and as it was."""
    told: dict[str, dict[int, Any]] = defaultdict(dict)
    for heard in at.hooks:
        content = verified(heard, SECRET)
        name, version = content["id"], content["version"]
        if told[name].setdefault(version, content) != content:
            found.doubled.append(f"{name}: version {version} was told in two ways")
    for row in payments:
        meant = {change["version"]: change for change in changes.get(row["payment_id"], ())
                 if change["event"] not in _QUIET} if row["hooked"] else {}
        mine = told.get(row["payment_id"], {})
        found.differ(len(mine), len(meant), f"{row['payment_id']}: webhooks")
        if list(mine) != sorted(mine):
            found.doubled.append(f"{row['payment_id']}: told in the order {list(mine)}")
        for version, change in meant.items():
            said = mine.get(version, {}).get("state", "").lower()
            if said != change["after"]:
                found.doubled.append(f"{row['payment_id']}: told {said or 'nothing'} of version "
                                     f"{version}, which is {change['after']}")


async def _archive(found: Found, at: Place, payments: Rows) -> None:
    """The merchants' archive, page by page."""
    shown: dict[str, Any] = {}
    for merchant in MERCHANTS:
        after = ""
        while True:
            page = await at.asked(merchant, "GET", f"/v1/payments?limit=1000{after}")
            shown |= {one["id"]: one for one in page["data"]}
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
    names = ("version", "amount_minor", "captured_minor", "refunded_minor", "reason")
    for row in payments:
        there = shown.pop(row["payment_id"], None)
        if there is None:
            found.lost.append(f"{row['payment_id']}: its merchant is not shown it")
        elif (there["state"].lower(), *(there[name] for name in names)) != (
                row["state"], *(row[name] for name in names)):
            found.doubled.append(f"{row['payment_id']}: its merchant is shown {there}")
    found.doubled += [f"{name}: a merchant is shown it, and there is none" for name in shown]


async def _phones(found: Found, at: Place, payments: Rows) -> None:
    """What each phone lists, as it is."""
    rows = {row["payment_id"]: row for row in payments}
    numbers = Counter(row["payer_phone"] for row in payments if row["payer_phone"])
    for number, count in numbers.items():
        listed = await at.asked("", "GET", f"/v1/phones/{number}/payments")
        if len(listed) != min(count, _LISTED):
            found.lost.append(f"{number}: {len(listed)} of {count} payments are listed")
        for one in listed:
            row = rows.get(one["id"])
            if row is None or (one["state"].lower(), one["version"], one["amount_minor"]) != (
                    row["state"], row["version"], row["amount_minor"]):
                found.doubled.append(f"{one['id']}: the phone lists it as {one['state']}")
