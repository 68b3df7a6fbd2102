"""What banks have credited, matched with the codes that were paid.

    credited -> told before? -> the payment of its reference -> all of it right?
        yes: append under the word's claim: booked, and the credit is matched, in one row
        no:  kept for a person, with the reason

A credit is money that is there: it is never lost, and it counts once, whatever the bank repeats.
Whoever dies on the way leaves nothing or all: the bank tells it again. What is matched, or decided
by a person, is final.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol

import asyncpg
import msgspec

from authhost import limits
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable, Verdict
from authhost.journal.reads import Borrowed
from authhost.keys import fingerprint
from authhost.model import Kind
from authhost.payments import names
from authhost.payments.archive import payment_of
from authhost.payments.counting import Counting
from authhost.payments.life import Event, State
from authhost.payments.model import Asked, Payment, Refused
from authhost.payments.parties import Parties
from authhost.payments.ports import Told
from authhost.payments.qr_codes import Collecting, beginning
from authhost.payments.rows import Leg, Message
from authhost.payments.statements import statement
from authhost.payments.writer import Writer, deadline_us

_ENDED: Final = {State.EXPIRED: "expired", State.CANCELLED: "cancelled"}


class Credit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One credit as a bank tells it. entry_reference: the bank's own, of this one alone on its
    account; references: what the payer's bank may have written ours in, the likeliest first."""

    entry_reference: str
    iban: str  # that was credited
    amount_minor: int
    currency: str
    references: tuple[str, ...]
    booked_on: date
    sender_iban: str = ""
    sender_name: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a credit. state: matched, unmatched, to_return or settled; why: '' where it
    is matched."""

    entry_reference: str
    state: str
    why: str = ""
    payment_id: str | None = None


class Story(Protocol):
    """What is used of the payments' story."""

    parties: Parties


class Teller(Protocol):
    """Whoever follows a payment."""

    def __call__(self, told: Told, /) -> None:
        """What has just become of it."""


class Matching:
    """Over the payments' lane and a pool. secret: of fingerprints."""

    def __init__(self, *, story: Story, counting: Counting, writer: Writer,
                 pool: asyncpg.Pool, clock: Clock, secret: bytes, tell: Teller) -> None:
        self._parties = story.parties
        self._counting = counting
        self._writer = writer
        self._pool = pool
        self._clock = clock
        self._secret = secret
        self._tell = tell

    async def collecting(self, currency: str) -> Collecting | None:
        """Where codes of a currency are paid to now."""
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("match_account"), currency, "", "")
        return Collecting(**dict(row)) if row is not None else None

    async def credited(self, bank_id: str, credit: Credit) -> Outcome:
        """A bank has credited something. Refused where it told the same entry otherwise before;
        JournalUnavailable: to be told again."""
        known = await self._known(bank_id, credit)
        if known is not None:
            return known
        found, why = await self._meant(bank_id, credit)
        if found is not None and not why:
            why = await self._matched(bank_id, credit, found.asked)
        payment_id = found.asked.payment_id if found is not None else None
        if not why:
            return Outcome(credit.entry_reference, "matched", "", payment_id)
        async with Borrowed(self._pool) as connection:
            await connection.execute(
                statement("match_keep"), bank_id, credit.entry_reference, credit.iban,
                credit.currency, credit.amount_minor, _written(credit), credit.booked_on,
                credit.sender_iban, credit.sender_name, payment_id, why)
        # Somebody else may have been told the same at the same time.
        return await self._known(bank_id, credit) or Outcome(
            credit.entry_reference, "unmatched", why, payment_id)

    async def _known(self, bank_id: str, credit: Credit) -> Outcome | None:
        """What became of an entry that was told before. Refused where it was another one."""
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("match_known"), bank_id,
                                            credit.entry_reference, credit.iban)
        if row is None:
            return None
        if (row["currency"], row["amount_minor"]) != (credit.currency, credit.amount_minor):
            raise Refused(409, "Told otherwise", f"the entry {credit.entry_reference} was told "
                          f"with {row['amount_minor']} {row['currency']}", "entry_reference")
        return Outcome(credit.entry_reference, row["state"], row["why"], row["payment_id"])

    async def _meant(self, bank_id: str, credit: Credit) -> tuple[Payment | None, str]:
        """The payment that a credit is about, and what speaks against it, or ''."""
        async with Borrowed(self._pool) as connection:
            account = await connection.fetchrow(statement("match_account"), credit.currency,
                                                credit.iban, bank_id)
            found: list[asyncpg.Record] = []
            for reference in credit.references:
                # What only looks like ours names nothing: another one may.
                if (start := beginning(reference)) and (
                        found := await connection.fetch(statement("match_find"), start)):
                    break
        if account is None:
            return None, "account"
        if len(found) != 1:
            return None, "two_payments" if found else "unknown_reference"
        payment = payment_of(found[0])
        asked = payment.asked
        if asked.sandbox:
            return payment, "sandbox"
        if asked.currency != credit.currency:
            return payment, "currency"
        if not payment.now.open:
            return payment, _ended(payment.now.state)
        if asked.amount_minor != credit.amount_minor:
            return payment, "amount"
        return payment, ""

    async def _matched(self, bank_id: str, credit: Credit, asked: Asked) -> str:
        """Book it, unless another word was first; then why not."""
        content = fingerprint(self._secret, f"match\n{bank_id}\n{credit.entry_reference}")
        detail = {
            "event": Event.MATCH, "by": f"bank/{bank_id}", "bank": bank_id,
            "entry": credit.entry_reference, "iban": credit.iban, "credited": _written(credit),
            "booked": credit.booked_on.isoformat(), "sender": credit.sender_iban,
            "sender_name": credit.sender_name, "purpose": asked.purpose,
            "reference": asked.reference}
        for _ in range(limits.TRIES):
            merchant = await self._parties.merchant(asked.merchant_id)
            if merchant.status != "active":
                return "merchant_blocked"
            fence = (await self._counting.fences([asked.account_id]))[asked.account_id]
            now_ms = self._clock.now_us() // 1000
            message = Message(
                key=names.word_key(asked.payment_id), fingerprint=content, answer=b"{}",
                asked=asked, approved=True, reason=Event.MATCH, decided_ms=now_ms,
                rules_version=merchant.rules_version, detail=detail,
                deadline_us=deadline_us(self._clock, asked))
            result = await self._writer.put(message, _legs(asked, fence))
            match result.verdict:
                case Verdict.NEW:
                    state = State.CAPTURED if asked.capture == "automatic" else State.PAID
                    self._tell(Told(asked, state, "", now_ms, None))
                    return ""
                case Verdict.LATE:
                    self._tell(Told(asked, State.EXPIRED, "", now_ms, None))
                    return "expired"
                case Verdict.KNOWN:
                    assert result.claim is not None, "a known row shows its claim"
                    ours = result.claim.fingerprint == content and result.claim.answer is not None
                    return "" if ours else await self._state(asked)
                case Verdict.STALE_RULES:
                    self._parties.outdated()
                case Verdict.FENCED:
                    await self._counting.reload(asked.account_id)
                case _:
                    raise JournalUnavailable("the journal refused the credit")
        raise JournalUnavailable("the accounts do not come to rest")

    async def _state(self, asked: Asked) -> str:
        """Why a payment that has ended takes no credit."""
        async with Borrowed(self._pool) as connection:
            [row] = await connection.fetch(statement("payment_read"), asked.payment_id)
        return _ended(payment_of(row).now.state)


def _legs(asked: Asked, fence: int) -> list[Leg]:
    """What it books: the payer's side is the operator's collecting account, which is nobody's
    here; the merchant's part comes with the capture, at once where it is automatic."""
    legs = [Leg(Kind.PAYMENT, None, 0, posted_minor=asked.amount_minor)]
    if asked.capture == "automatic":
        legs.append(Leg(Kind.PAYMENT_RECEIPT, asked.account_id, fence,
                        posted_minor=asked.amount_minor))
    return legs


def _ended(state: State) -> str:
    """Why a payment that is not open takes no credit: what was paid was paid once already."""
    return _ENDED.get(state, "second_credit")


def _written(credit: Credit) -> str:
    """The reference as the bank wrote it, ours before any other."""
    ours = [one for one in credit.references if beginning(one)]
    return (*ours, *credit.references, "")[0][:140]
