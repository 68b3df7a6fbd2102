"""How much more than was authorized may be captured, and what becomes of what does not match.

PURE. Minor units of the capture's currency; a product is its Conexxus code, '' any other.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from clearing.errors import ClearingError
from clearing.money import divide_half_up

UNMATCHED = ("over_tolerance", "no_authorization", "authorization_expired")


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one product: the greater of an amount and a part of what was authorized."""

    product: str = ""
    absolute_minor: int = 0
    basis_points: int = 0

    def most_minor(self, authorized_minor: int) -> int:
        """The most that may be captured of so much."""
        part = divide_half_up(authorized_minor * self.basis_points, 10_000)
        return authorized_minor + max(self.absolute_minor, part)


class Matching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """unmatched: 'cleared', with an exception for a person to see, for an advice is never refused;
    or 'suspense', where nobody is invoiced until a person has decided."""

    tolerances: tuple[Tolerance, ...] = (Tolerance(),)
    unmatched: Literal["cleared", "suspense"] = "cleared"

    def of(self, product: str) -> Tolerance:
        """The tolerance of a product."""
        named = {one.product: one for one in self.tolerances}
        return named.get(product) or named.get("") or Tolerance()


def check_matching(matching: Matching) -> Matching:
    """The same; ClearingError where it cannot be."""
    seen: set[str] = set()
    for one in matching.tolerances:
        if one.absolute_minor < 0 or not 0 <= one.basis_points <= 10_000:
            raise ClearingError(f"clearing settings: matching: tolerance of {one.product or 'any'}:"
                                f" {one.absolute_minor} and {one.basis_points} basis points")
        if one.product in seen:
            raise ClearingError(f"clearing settings: matching: {one.product or 'any'} twice")
        seen.add(one.product)
    return matching
