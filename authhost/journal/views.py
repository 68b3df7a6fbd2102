"""Views: what decides about a card, an account, a terminal, as of one fence or rules version.

Cached in the process with a bound. A view is never trusted for being fresh: its fence or version
travels with the request, and the state and the commit compare it.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg
import msgspec

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.counters import Groups
from authhost.journal.card_rules import (
    Row,
    account_view,
    beside,
    card_view,
    driver_holder,
    prompts_of,
    tank_of,
    vehicle_holder,
    watch_of,
)
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Reads
from authhost.model import CardRef, Prompted
from authhost.packing import Packed, View, pack_view, zone_offsets
from authhost.prompts import Prompt

_NUMBERS: Final = ("driver_number", "vehicle_number")


class Means(msgspec.Struct, frozen=True):
    """By what a card and its holder are proved: the program's rules, the card's own values."""

    program_id: str
    pin_method: str  # 'none', 'pvv', 'ibm3624'
    pin_value: str
    pvki: int
    decimalization: str
    pin_required: bool
    pin_tries: int
    cvv: bool
    scheme: str  # of the chip's cryptogram; '' where the card has no chip
    chip_required: bool
    psn: str


class Purchasing(msgspec.Struct, frozen=True):
    """What a card's fleet wants asked, held and watched at a purchase."""

    prompts: tuple[Prompt, ...] = ()
    hold_minor: int = limits.HOLD_MINOR
    hold_ml: int = limits.HOLD_ML
    hold_minutes: int = 0  # then an open hold gives back by itself; 0: as its door says
    key_entry: str = "none"  # the second factor where the number was typed in
    regions: tuple[str, ...] | None = None
    driver_number: str = ""
    vehicle_numbers: tuple[str, ...] = ()


NO_PURCHASING: Final = Purchasing()


class AccountView(msgspec.Struct, frozen=True):
    """An account, or a card with its account, under one fence. packed: for the functions."""

    account_id: int
    kind: str
    currency: str
    fence: int
    rules: View
    packed: Packed
    card_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    subaccount_id: int | None = None
    second_card_id: int | None = None
    expiry: str = ""
    status: str = ""
    plate: str | None = None
    driver_name: str | None = None
    means: Means | None = None
    purchasing: Purchasing = NO_PURCHASING

    @property
    def groups(self) -> Groups:
        """The product groups that there were under this fence."""
        return self.rules.groups


class TerminalView(msgspec.Struct, frozen=True):
    """A terminal with its merchant under one rules version; `known` is False for a stranger."""

    rules_version: int
    business_date: date
    known: bool
    terminal_id: str
    kind: str = ""
    acquirer_id: str = ""
    merchant_id: str = ""
    merchant_name: str = ""
    merchant_account_id: int | None = None
    site_id: str = ""
    account_id: int | None = None
    partial_approval: bool = False
    mac_required: bool = False
    status: str = ""
    merchant_status: str = ""
    region: str = ""


class Products(msgspec.Struct, frozen=True):
    """The products that there are, and what profiles call them. names: profile -> code -> code."""

    codes: tuple[str, ...]
    names: dict[str, dict[str, str]]
    said: dict[str, dict[str, str]]  # the way back


class Views:
    """The process's caches, and how they are filled."""

    def __init__(self, reads: Reads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock
        self.cards: Bounded[bytes, AccountView] = Bounded(limits.CARD_VIEWS)
        self.accounts: Bounded[int, AccountView] = Bounded(limits.ACCOUNT_VIEWS)
        self.terminals: Bounded[str, TerminalView] = Bounded(limits.TERMINAL_VIEWS)
        self._composed: Bounded[tuple[bytes, bytes, str, str, str], AccountView] = Bounded(
            limits.COMPOSED_VIEWS)
        self._products: tuple[int, Products] | None = None
        self._offsets: dict[str, list[int]] = {}

    async def card(self, pan_hmac: bytes) -> AccountView | None:
        """The view of a card, loaded now; None for a card that nobody knows."""
        row = await self._reads.card_view(pan_hmac)
        if row is None:
            self.cards.pop(pan_hmac, None)
            return None
        view = self._card(row)
        self.cards.put(pan_hmac, view)
        return view

    async def card_by_id(self, card_id: int) -> AccountView | None:
        """The view of a card that a row names."""
        pan_hmac = await self._reads.pan_hmac(card_id)
        return await self.card(pan_hmac) if pan_hmac is not None else None

    async def shown(self, card: CardRef, second: CardRef | None,
                    prompted: Prompted) -> AccountView | None:
        """The view of what is shown and typed in: a card, another beside it, who drives what.

        None for a card that nobody knows. What is wrong with the rest is in the view's rules.
        """
        view = self.cards.get(card.pan_hmac) or await self.card(card.pan_hmac)
        if second is not None and second.pan_hmac == card.pan_hmac:
            second = None  # nobody else is shown
        if view is None or (second is None and not _typed(view, prompted)):
            return view
        place = (card.pan_hmac, second.pan_hmac if second else b"", second.expiry if second else "",
                 prompted.driver_number, prompted.vehicle_number)
        for _ in range(limits.TRIES):
            composed = self._composed.get(place)
            if composed is not None and composed.fence == view.fence:
                return composed
            composed = await self._compose(view, second, prompted)
            if composed is not None:
                self._composed.put(place, composed)
                return composed
            view = await self.card(card.pan_hmac)  # the fence has moved in between
            if view is None:
                return None
        raise JournalUnavailable("the account does not come to rest")

    async def _compose(self, view: AccountView, second: CardRef | None,
                       prompted: Prompted) -> AccountView | None:
        """A card with what is beside it under one fence; None where the fences differ."""
        if second is not None:
            row = await self._reads.card_view(second.pan_hmac)
            if row is None:
                view = _refusing(view, "second_card_unknown")
            elif row["account_id"] != view.account_id:
                view = _refusing(view, "second_card_account")
            elif row["fence"] != view.fence:
                return None
            else:
                view = self._beside(view, row, second)
        for name in _typed(view, prompted):
            number = getattr(prompted, name)
            row = await (self._reads.typed_driver(view.account_id, number)
                         if name == "driver_number"
                         else self._reads.typed_vehicle(view.account_id, number))
            if row is None:
                view = _refusing(view, f"prompt_wrong:{name}")
            elif row["fence"] != view.fence:
                return None
            else:
                view = _driven(view, row) if name == "driver_number" else _moved(view, row)
        return msgspec.structs.replace(view, packed=pack_view(view.rules))

    def _beside(self, view: AccountView, row: Row, second: CardRef) -> AccountView:
        other = self._card(row)
        rules = beside(view.rules, other.rules, row)
        if second.expiry and second.expiry != row["expiry"]:
            rules = msgspec.structs.replace(
                rules, refused=(*rules.refused, "second_card_expiry_differs"))
        vehicle = view if view.vehicle_id is not None else other
        driver = view if view.driver_id is not None else other
        purchasing = msgspec.structs.replace(
            view.purchasing, driver_number=driver.purchasing.driver_number,
            vehicle_numbers=vehicle.purchasing.vehicle_numbers)
        return msgspec.structs.replace(
            view, rules=rules, second_card_id=other.card_id, vehicle_id=vehicle.vehicle_id,
            plate=vehicle.plate, driver_id=driver.driver_id, driver_name=driver.driver_name,
            purchasing=purchasing)

    async def account(self, account_id: int) -> AccountView:
        """The view of an account alone, loaded now."""
        row = await self._reads.account_view(account_id)
        if row is None:
            raise JournalUnavailable(f"there is no account {account_id}")
        view = self._account(row)
        self.accounts.put(account_id, view)
        return view

    async def terminal(self, terminal_id: str) -> TerminalView:
        """The view of a terminal, loaded now. A newer rules version empties the cache."""
        row = await self._reads.terminal_view(terminal_id)
        known = row["terminal_id"] is not None
        values = {name: row[name] for name in row.keys()  # noqa: SIM118  # a Record is no dict
                  if name not in {"version", "business_date", "terminal_id"}} if known else {}
        view = TerminalView(rules_version=row["version"], business_date=row["business_date"],
                            known=known, terminal_id=terminal_id, **values)
        if any(other.rules_version != view.rules_version
               for other in list(self.terminals.values())[:1]):
            self.terminals.clear()
        self.terminals.put(terminal_id, view)
        return view

    async def cached_account(self, account_id: int) -> AccountView:
        """The view of an account that is at hand, loaded where there is none."""
        return self.accounts.get(account_id) or await self.account(account_id)

    async def cached_terminal(self, terminal_id: str) -> TerminalView:
        """The view of a terminal that is at hand, loaded where there is none."""
        return self.terminals.get(terminal_id) or await self.terminal(terminal_id)

    async def products(self, rules_version: int) -> Products:
        """The products under a rules version, or a newer one."""
        if self._products is None or self._products[0] < rules_version:
            rows = await self._reads.products()
            names: dict[str, dict[str, str]] = {}
            said: dict[str, dict[str, str]] = {}
            for row in rows:
                if row["code"] is not None:
                    names.setdefault(row["profile"], {})[row["code"]] = row["product"]
                    said.setdefault(row["profile"], {})[row["product"]] = row["code"]
            codes = tuple(dict.fromkeys(row["product"] for row in rows))
            self._products = rules_version, Products(codes, names, said)
        return self._products[1]

    def _card(self, row: Row) -> AccountView:
        means = Means(**{name: row[name] for name in Means.__struct_fields__}) \
            if row["program_id"] is not None else None
        counts_pin = means is not None and means.pin_method != "none"
        rules = card_view(row, self._zone(row["time_zone"]), counts_pin)
        purchasing = Purchasing(
            prompts_of(row), row["hold_minor"] or limits.HOLD_MINOR,
            row["hold_ml"] or limits.HOLD_ML, row["hold_minutes"] or 0,
            row["key_entry"], watch_of(row["watch"]).regions,
            row["driver_number"] or "",
            tuple(text for text in (row["vehicle_number"], row["plate"]) if text))
        return AccountView(row["account_id"], row["kind"], row["currency"], row["fence"], rules,
                           pack_view(rules), row["card_id"], row["vehicle_id"], row["driver_id"],
                           row["subaccount_id"], None, row["expiry"], row["status"], row["plate"],
                           row["driver_name"], means, purchasing)

    def _account(self, row: Row) -> AccountView:
        rules = account_view(row, self._zone(row["time_zone"]))
        return AccountView(row["account_id"], row["kind"], row["currency"], row["fence"], rules,
                           pack_view(rules))

    def _zone(self, name: str) -> list[int]:
        offsets = self._offsets.get(name)
        if offsets is None:
            offsets = self._offsets[name] = zone_offsets(name, self._clock.now())
        return offsets


def _typed(view: AccountView, prompted: Prompted) -> tuple[str, ...]:
    """The numbers that were typed in, were asked for, and name somebody that no card names.

    One that may stand for a card that cannot be read is looked up, whether it is a prompt or not.
    """
    asked = {prompt.prompt for prompt in view.purchasing.prompts} | {view.purchasing.key_entry}
    found = []
    for name in _NUMBERS:
        named = view.driver_id if name == "driver_number" else view.vehicle_id
        if name in asked and getattr(prompted, name) and (
                named is None or not _is_named(view, name, getattr(prompted, name))):
            found.append(name)
    return tuple(found)


def _is_named(view: AccountView, name: str, number: str) -> bool:
    """Whether a typed number is that of the driver or vehicle whose card it is."""
    if name == "driver_number":
        return number == view.purchasing.driver_number
    return number in view.purchasing.vehicle_numbers


def _refusing(view: AccountView, reason: str) -> AccountView:
    rules = msgspec.structs.replace(view.rules, refused=(*view.rules.refused, reason))
    return msgspec.structs.replace(view, rules=rules)


def _driven(view: AccountView, row: asyncpg.Record) -> AccountView:
    """With the driver who typed a number in; another one than the card's is the wrong one."""
    if view.driver_id is not None:
        return _refusing(view, "prompt_wrong:driver_number")
    rules = msgspec.structs.replace(view.rules, holders=(
        *view.rules.holders, driver_holder(row["driver_id"], row["limits"])))
    view = msgspec.structs.replace(view, rules=rules, driver_id=row["driver_id"],
                                   driver_name=row["name"])
    return view if row["status"] == "active" else _refusing(view, f"driver_{row['status']}")


def _moved(view: AccountView, row: asyncpg.Record) -> AccountView:
    """With the vehicle whose number was typed in; another one than the card's is the wrong one."""
    if view.vehicle_id is not None:
        return _refusing(view, "prompt_wrong:vehicle_number")
    rules = msgspec.structs.replace(
        view.rules, holders=(*view.rules.holders, vehicle_holder(row["vehicle_id"],
                                                                 row["limits"])),
        meter_field=f"v{row['vehicle_id']}", tank=view.rules.tank or tank_of(row))
    view = msgspec.structs.replace(view, rules=rules, vehicle_id=row["vehicle_id"],
                                   plate=row["plate"])
    return view if row["status"] == "active" else _refusing(view, f"vehicle_{row['status']}")
