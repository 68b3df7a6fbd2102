"""Who takes part: a payer for each way that a debit or a refund can go, each with an account and a
phone of its own; two merchants, one of them a developer's.

Knows how the bank behaves to whom. PURE.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from demo.numbers import iban

BANK, AWAY = "BANK", "AWAY"
SHOP, SANDBOX = "SHOP", "SANDBOX"
MERCHANTS: Final = {SHOP: 700_001, SANDBOX: 700_002}
SPARE: Final = 300  # accounts whose payers are made, and enrolled, by an act
SPARE_LIMIT_MINOR: Final = 3_000  # a day
LEAST_REFUSED_MINOR: Final = 1_000_000  # above every payer's limit of one payment
_MUCH: Final = 10**12


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A payer. conduct: the bank's, towards debits of this account; gives_back: towards refunds."""

    role: str
    number: int
    bank: str = BANK
    conduct: dict[str, Any] = {}
    gives_back: dict[str, Any] = {}

    @property
    def iban(self) -> str:
        """Its account."""
        return iban("AT", f"20111{self.number:011d}")

    @property
    def phone(self) -> str:
        """Its number."""
        return f"+38640{self.number % 1_000_000:06d}"


ROLES: Final[dict[str, Role]] = {role.role: role for role in (
    Role(role="plain", number=800_101),
    Role(role="lost", number=800_102, conduct={"do": "lose"}),
    Role(role="swallowed", number=800_103, conduct={"do": "swallow", "every": 2}),
    Role(role="refused", number=800_104, conduct={"do": "refuse", "reason": "AM04"}),
    Role(role="refused_later", number=800_105, conduct={
        "do": "pend", "delay_ms": 700, "reason": "AC04"}),
    Role(role="away", number=800_106, bank=AWAY),
    Role(role="moved", number=800_107),  # its account is another when money is to go back
    Role(role="back_lost", number=800_108, gives_back={"do": "lose"}),
    Role(role="back_swallowed", number=800_109, gives_back={"do": "swallow", "every": 2}),
    Role(role="back_refused", number=800_110, gives_back={"do": "refuse", "reason": "AC04"}),
    Role(role="back_refused_later", number=800_111, gives_back={
        "do": "pend", "delay_ms": 700, "reason": "AC04"}),
)}


def spare(number: int) -> Role:
    """The n-th payer who is made by an act."""
    assert number < SPARE, "so many accounts were made"
    return Role(role=f"spare{number}", number=810_000 + number)


def conduct() -> dict[str, Any]:
    """How the bank behaves, as its desk is told."""
    return {"rules": [
        *({**role.conduct, "debtor": role.iban} for role in ROLES.values() if role.conduct),
        *({**role.gives_back, "creditor": role.iban} for role in ROLES.values()
          if role.gives_back)]}


def limits(role: Role) -> list[dict[str, Any]]:
    """Of an account: each has a total, so that what is counted can be seen."""
    if role.role.startswith("spare"):
        return [_limit("day", "money", SPARE_LIMIT_MINOR), _limit("total", "money", _MUCH),
                _limit("total", "count", _MUCH)]
    return [_limit("transaction", "money", LEAST_REFUSED_MINOR - 1), *merchants_limits()]


def merchants_limits() -> list[dict[str, Any]]:
    """The same of a merchant."""
    return [_limit("total", "money", _MUCH), _limit("total", "count", _MUCH)]


def _limit(window: str, measure: str, maximum: int) -> dict[str, Any]:
    return {"window": window, "measure": measure, "maximum": maximum}
