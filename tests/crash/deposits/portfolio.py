"""Who takes part: a role for each way that a credit can go, with a client and a safe of its own.

Knows how the bank behaves to whom. PURE.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from authhost.safes.sscc import made
from demo.numbers import iban

_COMPANY: Final = "34012345"
_CASSETTES_EACH: Final = 1_000
BANK, AWAY, NIGHT_BANK = "BANK", "AWAY", "NIGHTBANK"


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A client. rule: of its credit; conduct: the bank's, towards its account."""

    role: str
    number: int
    bank: str = BANK
    rule: str = "instant"
    conduct: dict[str, Any] = {}

    @property
    def iban(self) -> str:
        """Its account."""
        return iban("AT", f"20111{self.number:011d}")

    @property
    def terminal_id(self) -> str:
        """Its safe."""
        return f"S{self.number}"

    def cassette(self, number: int) -> str:
        """The n-th cassette of its safe."""
        assert number < _CASSETTES_EACH, "so many were made known"
        return made(_COMPANY, self.number * _CASSETTES_EACH + number)

    def cassettes(self) -> list[str]:
        """All of them."""
        return [self.cassette(number) for number in range(_CASSETTES_EACH)]


ROLES: Final[dict[str, Role]] = {role.role: role for role in (
    Role(role="plain", number=101),
    # Who owes after a night is credited by night until it is taken off: what is adjusted has a
    # client of its own.
    Role(role="adjusted", number=111),
    Role(role="lost", number=102, conduct={"do": "lose", "every": 2}),
    Role(role="swallowed", number=103, conduct={"do": "swallow", "every": 2}),
    Role(role="refused", number=104, conduct={"do": "refuse", "reason": "AC04"}),
    Role(role="other_rail", number=105, conduct={"do": "refuse", "reason": "AC14"}),
    Role(role="refused_later", number=106, conduct={
        "do": "pend", "delay_ms": 700, "status": "RJCT"}),
    Role(role="away", number=107, bank=AWAY),
    Role(role="night", number=108, rule="night"),
    Role(role="counted", number=109, rule="count"),
    Role(role="night_bank", number=110, bank=NIGHT_BANK),
)}


def conduct() -> dict[str, Any]:
    """How the bank behaves, as its desk is told."""
    return {"rules": [{**role.conduct, "creditor": role.iban}
                      for role in ROLES.values() if role.conduct]}
