"""What brings each transition about: an act a row of the tables, on deposits of its own.

Knows safes, couriers, cash centres and people; kills nobody. An act may be run again from its
beginning, and ends when what it began has come to rest.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from terminals.safe.machine import lines
from tests.crash.deposits.place import Place
from tests.crash.deposits.points import NIGHT, STEPS
from tests.crash.deposits.safe import NOTE

Act = Callable[[Place], Awaitable[None]]
_NOBODY: Final = "nobody"  # whose deposits are withheld


async def paid_at_once(at: Place) -> None:
    """The bank says yes."""
    number = await at.safes["plain"].deposit()
    await at.became("plain", number, credit="accepted", state="provisional")


async def answer_lost(at: Place) -> None:
    """The bank books it, and its answer never comes: it is asked."""
    numbers = [await at.safes["lost"].deposit() for _ in range(2)]
    for number in numbers:
        await at.became("lost", number, credit="accepted")


async def request_lost(at: Place) -> None:
    """The bank has never heard of it: it is sent again."""
    numbers = [await at.safes["swallowed"].deposit() for _ in range(2)]
    for number in numbers:
        await at.became("swallowed", number, credit="accepted")


async def refused(at: Place) -> None:
    """The bank will not, and no other rail may."""
    number = await at.safes["refused"].deposit()
    await at.became("refused", number, credit="refused")


async def refused_later(at: Place) -> None:
    """The bank has to think, and then it will not."""
    number = await at.safes["refused_later"].deposit()
    await at.became("refused_later", number, credit="refused")


async def other_rail(at: Place) -> None:
    """The bank will not by this rail: it goes by night."""
    number = await at.safes["other_rail"].deposit()
    await at.became("other_rail", number, credit="night")


async def bank_away(at: Place) -> None:
    """The bank is known to be down: it goes by night."""
    number = await at.safes["away"].deposit()
    await at.became("away", number, credit="night")


async def released(at: Place) -> None:
    """Withheld, and two people let it go."""
    number = await at.safes["plain"].deposit(_NOBODY)
    await decided(at, "plain", number, "withheld", "release")
    await at.became("plain", number, credit="accepted")


async def released_to_night(at: Place) -> None:
    """The same, at a bank that takes night files alone."""
    number = await at.safes["night_bank"].deposit(_NOBODY)
    await decided(at, "night_bank", number, "withheld", "release")
    await at.became("night_bank", number, credit="night")


async def rejected(at: Place) -> None:
    """Withheld, and for good."""
    number = await at.safes["plain"].deposit(_NOBODY)
    await decided(at, "plain", number, "withheld", "reject")
    await at.became("plain", number, credit="none")


async def reversed_at_once(at: Place) -> None:
    """Withheld, and it never was: two people say so."""
    number = await at.safes["plain"].deposit(_NOBODY)
    await decided(at, "plain", number, "withheld", "reverse")
    await at.became("plain", number, state="reversed", credit="none")


async def reversed_on_its_way(at: Place) -> None:
    """The same, when the courier has it."""
    number = await at.safes["plain"].deposit(_NOBODY)
    await at.safes["plain"].swap()
    await at.became("plain", number, state="picked_up")
    await decided(at, "plain", number, "withheld", "reverse")
    await at.became("plain", number, state="reversed")


async def reversed_after_its_count(at: Place) -> None:
    """The same, when it was counted."""
    await at.safes["plain"].emptied()
    number = await at.safes["plain"].deposit(_NOBODY)
    await counted(at, "plain")
    await at.became("plain", number, state="verified")
    await decided(at, "plain", number, "withheld", "reverse")
    await at.became("plain", number, state="reversed")


async def reversed_after_its_adjustment(at: Place) -> None:
    """The same, when its cassette was short and that was booked."""
    await at.safes["adjusted"].emptied()
    number = await at.safes["adjusted"].deposit(_NOBODY)
    await short(at, "adjusted")
    await at.became("adjusted", number, state="adjusted")
    await decided(at, "adjusted", number, "withheld", "reverse")
    await at.became("adjusted", number, state="reversed")


async def reversed_when_credited(at: Place) -> None:
    """Somebody doubts a deposit whose client has its credit: it is taken back."""
    number = await at.safes["adjusted"].deposit()
    await at.became("adjusted", number, state="provisional")
    await doubted(at, "adjusted", number)
    await at.became("adjusted", number, state="reversed")


async def reversed_before_the_night(at: Place) -> None:
    """The same, and its credit waits for the night."""
    number = await at.safes["night"].deposit()
    await doubted(at, "night", number)
    await at.became("night", number, state="reversed", credit="none")


async def reversed_before_it_is_sent(at: Place) -> None:
    """The same, and its bank does not answer, but is not taken for down yet."""
    await at.restart_host()
    number = await at.safes["away"].deposit()
    await doubted(at, "away", number)
    await at.became("away", number, state="reversed", credit="none")


async def picked_up(at: Place) -> None:
    """The courier takes it, credited or not, and it is counted as it was told."""
    numbers = {}
    for role in ("plain", "night"):
        await at.safes[role].emptied()
        numbers[role] = await at.safes[role].deposit()
    await at.became("plain", numbers["plain"], state="provisional")
    for role, number in numbers.items():
        await counted(at, role)
        await at.became(role, number, state="verified")


async def one_note_short(at: Place) -> None:
    """The count is short by a note: two people adjust it."""
    await at.safes["adjusted"].emptied()
    number = await at.safes["adjusted"].deposit()
    await short(at, "adjusted")
    await at.became("adjusted", number, state="adjusted")


async def recounted(at: Place) -> None:
    """It was verified, and a recount is short."""
    await at.safes["adjusted"].emptied()
    number = await at.safes["adjusted"].deposit()
    cassette = await counted(at, "adjusted")
    await at.became("adjusted", number, state="verified")
    await count(at, "adjusted", cassette, missing=1)
    await difference_decided(at, "adjusted", cassette)
    await at.became("adjusted", number, state="adjusted")


async def credited_after_the_count(at: Place) -> None:
    """A client whose credit waits for the count."""
    await at.safes["counted"].emptied()
    number = await at.safes["counted"].deposit()
    await counted(at, "counted")
    await at.became("counted", number, credit="night")


async def by_night(at: Place) -> None:
    """A night's file, and a night's booking of what was paid at once."""
    filed = await at.safes["night"].deposit()
    paid = await at.safes["plain"].deposit()
    await at.became("plain", paid, credit="accepted")
    await at.night()
    await at.became("night", filed, credit="file", state="provisional")
    await at.became("plain", paid, credit="booked")


# By transition (before, event) and by step (who, what).
ACTS: Final[dict[str, Act]] = {
    "queued send": paid_at_once, "sent accept": paid_at_once, "reported credited": paid_at_once,
    "sent silence": answer_lost, "unknown accept": answer_lost, "unknown resend": request_lost,
    "sent refuse": refused, "unknown refuse": refused_later,
    "refused rejected_to_night": other_rail, "queued give_up": bank_away,
    "withheld release": released, "withheld release_to_night": released_to_night,
    "withheld reject": rejected, "withheld withdraw": reversed_at_once,
    "reported reversed": reversed_at_once, "picked_up reversed": reversed_on_its_way,
    "verified reversed": reversed_after_its_count,
    "adjusted reversed": reversed_after_its_adjustment,
    "provisional reversed": reversed_when_credited, "night withdraw": reversed_before_the_night,
    "queued withdraw": reversed_before_it_is_sent,
    "reported picked_up": picked_up, "provisional picked_up": picked_up,
    "picked_up matched": picked_up, "picked_up differed_decided": one_note_short,
    "verified differed_decided": recounted, "none counted": credited_after_the_count,
    "night file": by_night, "accepted book": by_night,
    "deposit told": paid_at_once, "swap effect": picked_up, "swap take": picked_up,
    "count match": picked_up, "count take": picked_up,
    "decision apply": one_note_short, "decision decide": one_note_short,
    "custody post": one_note_short, "custody match": one_note_short,
    **{f"{who} {what}": by_night for who, what in STEPS if who == NIGHT},
}


async def decided(at: Place, role: str, number: int, kind: str, proposal: str) -> None:
    """A case of a deposit: one proposes, another decides."""
    async def case() -> Any:
        rows = await at.rows(
            "SELECT case_id FROM cash_case JOIN deposit ON key = deposit_key "
            "WHERE deposit.terminal_id = $1 AND sequence = $2 AND cash_case.kind = $3",
            at.safes[role].role.terminal_id, number, kind)
        return rows[0]["case_id"] if rows else None

    await _two(at, await at.until(case, f"no case {kind} of {role} {number}"), proposal)


async def doubted(at: Place, role: str, number: int) -> None:
    """A case about one deposit, which two people reverse."""
    rows = await at.until(lambda: at.rows(
        "SELECT key FROM deposit WHERE terminal_id = $1 AND sequence = $2",
        at.safes[role].role.terminal_id, number), f"no row of {role} {number}")
    await at.ask("anna", "POST", "/cases", {"deposit": rows[0]["key"], "why": "counted twice"})
    await decided(at, role, number, "difference", "reverse")


async def counted(at: Place, role: str) -> str:
    """The cassette goes to the cash centre, which finds what was told; which cassette."""
    cassette = await at.safes[role].swap()
    await count(at, role, cassette)
    return cassette


async def short(at: Place, role: str) -> None:
    """The cash centre finds a note less; two people adjust it."""
    cassette = await at.safes[role].swap()
    await count(at, role, cassette, missing=1)
    await difference_decided(at, role, cassette)


async def count(at: Place, role: str, cassette: str, *, missing: int = 0) -> None:
    """What lies in the cassette, less so many notes of ten."""
    pieces = [{"currency": line.currency, "value_minor": line.value_minor, "kind": line.kind,
               "count": line.count - missing * (line.value_minor == NOTE)}
              for line in lines(at.safes[role].machine.drawers.taken_out[-1])]
    await at.ask("anna", "POST", "/counts", {
        "cassette": cassette, "reference": uuid.uuid4().hex, "pieces": pieces,
        "counted_at": datetime.now(UTC).isoformat()})


async def difference_decided(at: Place, role: str, cassette: str) -> None:
    """The case of a short cassette: adjusted by two."""
    async def case() -> Any:
        rows = await at.rows(
            "SELECT case_id FROM cash_case JOIN cassette_stay USING (stay_id) "
            "WHERE cassette_id = $1 AND kind = 'difference' AND cash_case.state <> 'closed'",
            cassette)
        return rows[0]["case_id"] if rows else None

    await _two(at, await at.until(case, f"no case of {role}'s {cassette}"), "adjust")


async def _two(at: Place, case_id: int, proposal: str) -> None:
    proposed = await at.ask("anna", "POST", f"/cases/{case_id}/proposal",
                            {"proposal": proposal, "why": "seen"})
    await at.ask("berta", "POST", f"/cases/{case_id}/decision", {
        "approve": True, "proposal": proposal, "amount_minor": proposed["proposed_minor"],
        "why": "seen too"})
    if proposal == "adjust":
        at.agreed_minor[proposed["account_id"]] += proposed["proposed_minor"]
