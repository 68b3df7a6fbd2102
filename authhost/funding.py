"""What is paid into an account: a prepaid card's money, or an invoice that was paid."""

from __future__ import annotations

from authhost.bookings import BookingRefused, Bookings
from authhost.model import Kind


class Funding:
    """Puts money into accounts."""

    def __init__(self, bookings: Bookings) -> None:
        self._bookings = bookings

    async def fund(self, account_id: int, amount_minor: int, currency: str, reference: str,
                   who: str) -> bool:
        """Book it; False where this reference was booked before. JournalUnavailable.

        BookingRefused: no amount, another currency, or the reference with another amount.
        """
        if amount_minor <= 0:
            raise BookingRefused("amount_minor: is not more than nothing")
        _, new = await self._bookings.book(Kind.FUNDING, account_id, amount_minor, currency,
                                           reference, {"who": who})
        return new
