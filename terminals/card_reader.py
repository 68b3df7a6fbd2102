"""What a POS does with a chip card: read it, have its PIN verified, get its word for a sale.

Knows a sale and the card's conversation (`chip.dialogue`); knows no host and holds no master key.
What is wrong with a card is a `chip.errors.CardProblem`; what speaks against an off-line sale is a
value. Blocking, as readers are: a POS with an event loop calls it in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import msgspec

from chip.cryptogram import Cryptogram, Kind, Transaction
from chip.dialogue import Credential, Dialogue, PinOutcome, PinStatus, demand_active
from chip.errors import CardFault, ExpiredCard
from chip.reader import PinPrompt, Reader
from chip.records import Contents
from terminals.edge.offline import Chip, Facts, Good, Objection, card_objections
from terminals.layout import CURRENCY_NUMBERS
from terminals.purchase import Card, Sale

__all__ = ["CardReader", "ChipSale", "Objection", "Visit"]

# Tag 9F34 (EMV Book 4 A4): method, condition, result.
_NO_CVM: Final = bytes.fromhex("3F0000")
_ENCIPHERED_PIN: Final = 0x04  # our pad took it, it went under session keys
_PLAIN_PIN: Final = 0x01  # the reader's pad took it and gave it to the card itself
_FAILED, _SUCCESSFUL = 1, 2
# Tag 95 (EMV Book 3 C5), as (byte, bit).
_CVM_FAILED: Final = (2, 0x80)
_TRIES_USED_UP: Final = (2, 0x20)
_PIN_NOT_ENTERED: Final = (2, 0x08)
_ABOVE_LIMIT: Final = (3, 0x80)


class ChipSale(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale needs of the card.

    field55: BER-TLV with an ARQC, a TC, or an AAC where an off-line sale was declined; b"" where
    the card was not even asked. objections: of an off-line sale, empty when it is approved.
    """

    card: Card
    psn: str
    service_code: str
    field55: bytes
    pin_verified: bool
    offline_limit_minor: int
    offline_currency: str  # ISO 4217 numeric
    products: tuple[str, ...] | None  # None: any
    prompts: str
    objections: tuple[Objection, ...] = ()

    @property
    def approved_offline(self) -> bool:
        """Whether the card gave a TC."""
        return bool(self.field55) and not self.objections

    def of(self, sale: Sale) -> Sale:
        """The sale with this card and what it signed: what `Pos` sends."""
        return msgspec.structs.replace(sale, card=self.card, chip=self.field55)

    def __repr__(self) -> str:
        return f"ChipSale({self.card.masked}, objections={self.objections!r})"


class Visit:
    """One card, authenticated, from `visit` until it leaves the reader."""

    def __init__(self, dialogue: Dialogue, reader: Reader, contents: Contents, country: str,
                 random: Callable[[int], bytes], serial: bytes) -> None:
        self.contents = contents
        self.serial = serial.hex().upper()
        self.card = Card(contents.identity.pan, f"{contents.identity.expiry:%y%m}",
                         sequence=contents.identity.psn)
        self._dialogue = dialogue
        self._reader = reader
        self._country = country
        self._random = random
        self._cvm = _NO_CVM
        self._pin = PinOutcome(PinStatus.CANCELLED)

    @property
    def reader_takes_pin(self) -> bool:
        """Whether `pin_at_reader` works; else the POS asks at its own pad."""
        return self._reader.has_pin_pad

    @property
    def chip(self) -> Chip:
        """What the off-line rules ask of a chip, at this moment."""
        rules = self.contents.rules
        return Chip(limit_minor=rules.offline_limit_minor, currency=rules.currency,
                    products=rules.products, pin_required=rules.pin_required,
                    pin_verified=self._pin.status is PinStatus.VERIFIED)

    @property
    def tries_left(self) -> int:
        """PIN tries, before anything is asked."""
        return self._dialogue.tries_left()

    def pin_at_pad(self, pin: str) -> PinOutcome:
        """One try with a PIN that this terminal's pad took."""
        return self._verified(self._dialogue.verify_pin(pin), _ENCIPHERED_PIN)

    def pin_at_reader(self, prompt: PinPrompt | None = None) -> PinOutcome:
        """One try at the reader's own pad: the PIN never comes into this program."""
        return self._verified(self._dialogue.verify_pin_direct(prompt or PinPrompt()), _PLAIN_PIN)

    def sell_online(self, sale: Sale, at: datetime) -> ChipSale:
        """Field 55 with an ARQC. `issuer_answer` gets the host's tag 91 to the card afterwards."""
        transaction = self._transaction(sale, at)
        cryptogram = self._dialogue.generate_ac(Kind.ARQC, transaction)
        if cryptogram.kind is not Kind.ARQC:
            raise CardFault("asked for an ARQC, got something else")
        return self._sold(cryptogram, transaction)

    def sell_offline(self, sale: Sale, at: datetime, *,
                     blocked: Callable[[Card], bool] = lambda _: False,
                     goods: tuple[Good, ...] = ()) -> ChipSale:
        """Field 55 with a TC, or why not. blocked: this terminal's own list of blocked cards.

        goods: what a catalogue says of the products that are sold.
        """
        objections = self._objections(sale, blocked, goods)
        if objections:
            return self._sold(None, None, objections)
        transaction = self._transaction(sale, at)
        cryptogram = self._dialogue.generate_ac(Kind.TC, transaction)
        declined = () if cryptogram.kind is Kind.TC else (Objection.CARD,)
        return self._sold(cryptogram, transaction, declined)

    def issuer_answer(self, authentication_data: bytes) -> bool:
        """Tag 91 of the host's answer (its value) for the last ARQC: whether it is the issuer's."""
        return self._dialogue.issuer_answer(authentication_data)

    def _verified(self, outcome: PinOutcome, method: int) -> PinOutcome:
        self._pin = outcome
        if outcome.status in (PinStatus.VERIFIED, PinStatus.WRONG, PinStatus.BLOCKED):
            good = outcome.status is PinStatus.VERIFIED
            self._cvm = bytes([method, 0, _SUCCESSFUL if good else _FAILED])
        return outcome

    def _objections(self, sale: Sale, blocked: Callable[[Card], bool],
                    goods: tuple[Good, ...]) -> tuple[Objection, ...]:
        return card_objections(Facts(
            amount_minor=sale.amount_minor, currency=sale.currency,
            currency_number=CURRENCY_NUMBERS[sale.currency], chip=self.chip,
            goods=goods or tuple(Good(code=item.product) for item in sale.items),
            blocked="blocked" if blocked(self.card) else ""))

    def _transaction(self, sale: Sale, at: datetime) -> Transaction:
        rules = self.contents.rules
        status = self._pin.status
        tvr = bytearray(5)
        for there, (byte, bit) in (
                (status in (PinStatus.WRONG, PinStatus.BLOCKED), _CVM_FAILED),
                (status is PinStatus.BLOCKED, _TRIES_USED_UP),
                (rules.pin_required and self._cvm == _NO_CVM, _PIN_NOT_ENTERED),
                (sale.amount_minor > rules.offline_limit_minor, _ABOVE_LIMIT)):
            tvr[byte] |= bit * there
        return Transaction(
            amount_minor=sale.amount_minor, currency=CURRENCY_NUMBERS[sale.currency],
            country=self._country, date=f"{at:%y%m%d}", unpredictable=self._random(4),
            tvr=bytes(tvr))

    def _sold(self, cryptogram: Cryptogram | None, transaction: Transaction | None,
              objections: tuple[Objection, ...] = ()) -> ChipSale:
        identity, rules = self.contents.identity, self.contents.rules
        field55, verified = b"", self._pin.status is PinStatus.VERIFIED
        if cryptogram is not None and transaction is not None:
            field55 = cryptogram.field55(transaction, self._cvm)
            verified = cryptogram.results.pin_verified
            # The card vouches for a PIN once: the next sale asks again.
            self._cvm, self._pin = _NO_CVM, PinOutcome(PinStatus.CANCELLED)
        return ChipSale(
            card=self.card, psn=identity.psn, service_code=identity.service_code, field55=field55,
            pin_verified=verified, offline_limit_minor=rules.offline_limit_minor,
            offline_currency=rules.currency, products=rules.products, prompts=rules.prompts,
            objections=objections)


class CardReader:
    """The POS's reader with what a POS knows: its certificate, and which issuers it trusts.

    issuer_keys: points by number. country: ISO 3166 numeric. now: the terminal's clock.
    """

    def __init__(self, reader: Reader, credential: Credential, issuer_keys: dict[int, bytes], *,
                 now: Callable[[], datetime], country: str = "705",
                 random: Callable[[int], bytes] = os.urandom) -> None:
        self._reader = reader
        self._credential = credential
        self._issuer_keys = issuer_keys
        self._now = now
        self._country = country
        self._random = random

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """A card from reset to removal of power; every CardProblem may come of it, at any point.

        Genuine, of a trusted issuer, active and not expired when the body begins.
        """
        self._reader.connect()
        try:
            today = self._now().date()
            dialogue = Dialogue(self._reader, random=self._random)
            public = dialogue.select()
            demand_active(public)
            dialogue.authenticate_terminal(self._credential, self._issuer_keys, today)
            contents = dialogue.contents()
            if contents.identity.expiry < today:
                raise ExpiredCard(f"{contents.identity.expiry:%m/%y}")
            yield Visit(dialogue, self._reader, contents, self._country, self._random,
                        public.serial)
        finally:
            self._reader.disconnect()
