"""What merchants and payers were told, and are shown over the API, beside the host's rows.

Knows who heard what; what the bank has moved is judge.py's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.crash.deaths import Verdict
from tests.crash.payments.place import Place
from tests.crash.payments.portfolio import MERCHANTS
from tests.crash.payments.stage import SECRET
from tests.support.webhook_shop import verified

_QUIET: Final = frozenset({"create", "notify", "open"})  # no merchant is told by webhook
_LISTED: Final = 200  # of one phone: it is shown no more
Changes = Mapping[str, Sequence[Any]]
Rows = Sequence[Any]


def too_early(heard: Sequence[tuple[str, str]], hooks: Sequence[Any],
              changes: Changes) -> list[str]:
    """What was answered, or told by webhook, and no row says."""
    states = {(name, change["after"]) for name, told in changes.items() for change in told}
    versions = {(name, change["version"], change["after"])
                for name, told in changes.items() for change in told}
    found = [f"{name}: somebody was answered {state}, and no row says it"
             for name, state in dict.fromkeys(heard) if (name, state.lower()) not in states]
    for hook in hooks:
        said = verified(hook, SECRET)
        if (said["id"], said["version"], said["state"].lower()) not in versions:
            found.append(f"{said['id']}: its merchant was told {said['state']} as version "
                         f"{said['version']}, and no row says it")
    return found


def heard(found: Verdict, at: Place, changes: Changes, refunds: Rows) -> None:
    """What somebody was answered has been so."""
    for payment, state in dict.fromkeys(at.heard):
        if state.lower() not in {change["after"] for change in changes.get(payment, ())}:
            found.lost.append(f"{payment}: somebody was answered {state}, and it never was")
    there = {row["refund_id"] for row in refunds}
    found.lost += [f"refund {name}: its merchant was told of it, and there is none"
                   for name in at.refunds_heard if name not in there]


def credited(found: Verdict, at: Place, rows: Rows) -> None:
    """Each that the bank told is there, as it was told; none pays twice."""
    there = {row["entry_reference"]: row["amount_minor"] for row in rows}
    for entry in there.keys() | at.credited_minor.keys():
        found.differ(there.get(entry, 0), at.credited_minor.get(entry, 0), f"credit {entry}")
    paid = Counter(row["payment_id"] for row in rows if row["state"] == "matched")
    found.doubled += [f"{name} was paid by {count} credits" for name, count in paid.items()
                      if count > 1]


def hooks(found: Verdict, at: Place, payments: Rows, changes: Changes) -> None:
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


async def archive(found: Verdict, at: Place, payments: Rows) -> None:
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


async def phones(found: Verdict, at: Place, payments: Rows) -> None:
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
