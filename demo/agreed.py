"""What two fleets and the chain have agreed on: a wholesale list, VAT, contracts; and what a litre
costs by them, worked out by hand.

Data alone.
"""

from __future__ import annotations

from typing import Any, Final

from demo.controls import CONTROLLED, DIESEL, PETROL, SHOP, WASH
from demo.portfolio import PIN_FLEET

SOURCE: Final = "OMV"
_SINCE: Final = "2026-11-01T00:00:00+01:00"

WHOLESALE: Final = f"""product;price;currency;unit;tax_basis;temperature;valid_from
{DIESEL};912,50;EUR;m3;net;15C;2026-11-01
{PETROL};998,00;EUR;m3;net;15C;2026-11-01
"""
VAT: Final[dict[str, Any]] = {"product": "*", "valid_from": _SINCE, "basis_points": 2_000,
                              "country": "AT"}


def _listed(product: str, formula: str, **more: str) -> dict[str, str]:
    return {"product": product, "formula": formula, "source": SOURCE, "temperature": "15C", **more}


_SPOT: Final = _listed(DIESEL, "spot", amount="12", unit="m3", tax_basis="net")
CONTRACTS: Final[tuple[dict[str, Any], ...]] = (
    {"account_id": CONTROLLED, "contract": "PANNONIA-26", "currency": "EUR",
     "valid_from": _SINCE, "reason": "signed on 12 October", "lines": [
         _SPOT,
         _listed(PETROL, "base", percent="2", amount="0.05"),
         {"product": WASH, "formula": "pump", "percent": "-10", "unit": "unit"},
         {"product": SHOP, "formula": "fixed", "amount": "2.99", "unit": "unit"}]},
    # The fleet whose cards buy off line: this price is in the stations' catalogue.
    {"account_id": PIN_FLEET, "contract": "WEINLAND-26", "currency": "EUR",
     "valid_from": _SINCE, "reason": "signed on 12 October", "lines": [_SPOT]},
)
# formula -> (product, its price by contract)
PRICES: Final = {
    "spot": (DIESEL, "1.109"),  # (912.50 + 12) * 1.2 / 1000 = 1.1094
    "base": (PETROL, "1.272"),  # 998.00 * 1.02 * 1.2 / 1000 + 0.05 = 1.271552
    "pump": (WASH, "11.61"),  # 12.90 * 0.9
    "fixed": (SHOP, "2.99"),
}
