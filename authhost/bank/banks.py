"""A bank as master data has it: where it is, its rails, their limits and hours.

PURE: values in, values out. A rail is the way of one currency: whose account is debited, how much
at most, on which days and hours. Source of the words: ISO 20022 (service level, local instrument).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from clearing.party import Address, account_defect

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_WHOLE_DAY: Final = ("00:00", "24:00")


class Debtor(msgspec.Struct, frozen=True):
    """Whose account pays: the operator's pre-funded one, or the bank's cash in transit."""

    name: str
    iban: str
    bic: str
    address: Address = Address()


class Rail(msgspec.Struct, frozen=True, kw_only=True, rename={"opens": "from"}):
    """How a bank credits, and debits, one currency in real time.

    debtor: whose account pays deposits' credits. collects: the operator's account at this bank that
    payers' debits go to and refunds are paid from; None: it takes no debits.
    most_minor: of one credit; None: no limit. days: 1 is Monday (ISO 8601). opens and until are
    HH:MM of time_zone; until 24:00 the whole day; opens > until: over midnight, a part of the day
    on which it began. service_level and local_instrument: ISO 20022 external codes; '' those that
    the rail has in Europe, '-' none.
    """

    currency: str
    rail: Literal["instant", "transfer"]
    debtor: Debtor
    collects: Debtor | None = None
    most_minor: int | None = None
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    opens: str = "00:00"
    until: str = "24:00"
    time_zone: str = "UTC"
    service_level: str = ""
    local_instrument: str = ""

    def local(self, at: datetime) -> datetime:
        """The bank's own time."""
        return at.astimezone(ZoneInfo(self.time_zone))

    def is_open(self, at: datetime) -> bool:
        """True where the bank takes a credit at this instant (aware)."""
        local = self.local(at)
        if (self.opens, self.until) == _WHOLE_DAY:
            return local.isoweekday() in self.days
        now, opens, until = local.strftime("%H:%M"), self.opens, self.until
        if opens <= until:
            return opens <= now < until and local.isoweekday() in self.days
        if now >= opens:
            return local.isoweekday() in self.days
        return now < until and (local - timedelta(days=1)).isoweekday() in self.days

    @property
    def defect(self) -> str:
        """Why nothing can go by this rail, or ''."""
        try:
            ZoneInfo(self.time_zone)
            for hour in (self.opens, self.until):
                if hour != "24:00":
                    time.fromisoformat(hour)
        except (KeyError, ValueError, OSError):  # no such zone is a KeyError
            return "hours"
        wrong = account_defect(self.debtor.iban, self.debtor.bic, self.currency)
        return f"debtor_{wrong}" if wrong else "" if self.debtor.bic else "debtor_bic_missing"

    @property
    def collecting(self) -> Debtor | None:
        """The collecting account, where there is one that a bank would take."""
        account = self.collects
        if account is None or not account.bic:
            return None
        return None if account_defect(account.iban, account.bic, self.currency) else account


class Place(msgspec.Struct, frozen=True):
    """Where a bank listens. path has no slash at its end; server_name: that its certificate has."""

    host: str
    port: int
    path: str
    tls: bool
    server_name: str


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """One bank. problem: why it cannot be used at all, or ''."""

    bank_id: str
    status: str
    place: Place
    rails: dict[str, Rail]
    answer_s: int
    problem: str = ""

    def rail(self, currency: str) -> Rail | None:
        """The rail of a currency."""
        return self.rails.get(currency)

    def shut(self, at: datetime) -> str:
        """Why nothing at all goes to this bank now, or ''."""
        if self.problem:
            return self.problem
        if self.status != "active":
            return f"bank_{self.status}"
        return "" if any(rail.is_open(at) for rail in self.rails.values()) else "outside_hours"

    def objection(self, currency: str, amount_minor: int, at: datetime) -> str:
        """Why this credit goes by night instead, or ''."""
        rail = self.rails.get(currency)
        if rail is None:
            return "no_rail"
        if rail.most_minor is not None and amount_minor > rail.most_minor:
            return "above_limit"
        return "" if rail.is_open(at) else "outside_hours"


_NOWHERE: Final = Place("", 0, "", False, "")


def read_bank(bank_id: str, status: str, endpoint: str, server_name: str, rails: str,
              answer_s: int) -> Bank:
    """A row of table bank. What is wrong with it is its `problem`: its credits go by night.

    A rail that is wrong is left out, so that the other currencies go on.
    """
    try:
        listed = msgspec.json.decode(rails, type=list[Rail])
        place = _place(endpoint, server_name)
    except (msgspec.DecodeError, ValueError) as error:
        return Bank(bank_id=bank_id, status=status, place=_NOWHERE, rails={}, answer_s=answer_s,
                    problem=f"bank_settings: {error}")
    good: dict[str, Rail] = {}
    wrong = [f"{rail.currency} {rail.defect}" for rail in listed if rail.defect]
    for rail in listed:
        if not rail.defect:
            good.setdefault(rail.currency, rail)
    problem = f"bank_settings: {', '.join(wrong) or 'no rails'}" if not good else ""
    return Bank(bank_id=bank_id, status=status, place=place, rails=good, answer_s=answer_s,
                problem=problem)


def _place(endpoint: str, server_name: str) -> Place:
    """ValueError where it is no address, or would send money in clear over a network."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or parts.query or parts.username:
        raise ValueError(f"{endpoint!r} is no https address")
    tls = parts.scheme == "https"
    if not tls and host not in _LOOPBACK:
        raise ValueError("http is for the own machine alone")
    return Place(host, parts.port or (443 if tls else 80), parts.path.rstrip("/"), tls,
                 server_name or host)
