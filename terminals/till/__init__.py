"""A shop's till that is paid by phone or by code: asks, watches, captures, gives back, reports.

Knows the merchant API (docs/payments.md) and nothing else of the host; must not know the payer's
key or account.
"""

from terminals.till.bodies import Payment, Refund
from terminals.till.host import Host
from terminals.till.program import Till

__all__ = ["Host", "Payment", "Refund", "Till"]
