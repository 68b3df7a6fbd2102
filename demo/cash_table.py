"""The cash cycle in lines for people: what was counted, and the story of what went wrong. PURE."""

from __future__ import annotations

from typing import Final

from demo.amounts import money
from demo.result import Cash, CashCase

# How far a credit is, in words.
_CREDITS: Final = {"booked": "credited at once", "accepted": "credited at once",
                   "file": "by the night's files", "withheld": "withheld", "none": "not credited"}
_CASES: Final = {"difference": "a cassette short by a note", "counterfeit": "a counterfeit note"}


def counted(cash: Cash) -> list[tuple[str, str, str]]:
    """what, how many, and more."""
    return [(what, f"{count:,}", more) for what, count, more in (
        ("safes", cash.safes, f"of clients of {' and '.join(cash.banks)}"),
        ("deposits", cash.deposits, _credits(cash.credits)),
        ("payments in the banks' own books", cash.paid_at_once + cash.paid_by_file,
         f"{cash.paid_at_once} at once, {cash.paid_by_file} by file; none twice"),
        ("cassettes taken out", cash.swaps, f"{cash.counts} counted at the cash centre"),
        ("shifts that balance", cash.shifts_balanced, "the safe's sums are the host's"))]


def stories(cash: Cash) -> list[tuple[str, str, str, str]]:
    """Each from what went wrong to what it came to."""
    return [
        (f"a bank down for {cash.down_minutes} minutes", cash.down,
         f"{cash.down_deposits} deposits, {money(cash.down_minor)} EUR, waited for the night",
         f"{len(cash.down_paid)} payments of its file, each once in its books"),
        (f"a safe off line for {cash.cut_off_minutes} minutes", cash.cut_safe,
         f"{cash.offline} deposits taken; {cash.waited} messages waited for the line",
         f"{cash.told} told, each once: {_credits(cash.offline_credits)}"),
        *((_CASES.get(case.kind, case.kind), case.safe, _found(case), _outcome(case))
          for case in cash.cases)]


def _found(case: CashCase) -> str:
    what = f"the count differs by {money(case.amount_minor)} {case.currency}"
    if case.serial:
        what += f": {case.serial}, to be reported by {case.report_by}"
    return what


def _outcome(case: CashCase) -> str:
    if not case.booked_as:
        return f"{case.proposal} {case.state}".strip()
    return (f"{case.proposed_by} proposed, {case.decided_by} decided: "
            f"{money(case.booked_minor)} {case.currency} booked as {case.booked_as}, "
            f"taken off {case.taken_off or 'nothing yet'}")


def _credits(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {_CREDITS.get(name, name)}" for name, count in counts.items())
