"""What a fuel terminal hears besides the decision: what it may sell, what is left, how many litres,
which prompts it must ask again, and what the fleet pays for it by contract.

Knows views, products and prices; decides nothing. A price that cannot be worked out is a flag,
never a wrong number.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost import asks, rules
from authhost.clock import Clock
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import Answer, ContractPrice, Kind, Outcome, Request
from authhost.pricing.prices import Prices

# Declined, and yet there may be something that can be sold.
_SELLABLE: Final = ("limit:", "product:", "tank", "prompt_")
_PRICED: Final = frozenset({Kind.SALE, Kind.OFFLINE_SALE, Kind.COMPLETION})
_json = msgspec.json.Encoder().encode

Priced = tuple[Request, tuple[ContractPrice, ...]]


class Fuelling:
    """Adds to requests and answers what concerns the pump."""

    def __init__(self, views: Views, prices: Prices, clock: Clock) -> None:
        self._views = views
        self._prices = prices
        self._clock = clock

    async def priced(self, request: Request, view: AccountView | None, terminal: TerminalView,
                     names: dict[str, str]) -> Priced:
        """The request with its contract prices in its detail, and the prices themselves."""
        if view is None or not request.items or request.kind not in _PRICED:
            return request, ()
        book = await self._prices.at_hand(view.account_id, terminal.rules_version)
        if book is None:
            return request, ()
        items = tuple(msgspec.structs.replace(item, product=names[item.product])
                      if item.product in names else item for item in request.items)
        prices, missing = book.price(items, terminal.site_id, self._clock.now_us(),
                                     request.currency)
        new = tuple(flag for flag in missing if flag not in request.flags)
        detail = with_prices(request.detail, prices)
        return msgspec.structs.replace(request, detail=detail,
                                       flags=(*request.flags, *new)), prices

    async def told(self, request: Request, answer: Answer, outcome: Outcome, view: AccountView,
                   terminal: TerminalView) -> Answer:
        """The answer with what may be sold, litres and prompts, where they were asked."""
        if request.wants_rest and (answer.approved or answer.reason.startswith(_SELLABLE)):
            products = await self._views.products(terminal.rules_version)
            allowed = asks.allowed(view.rules, view.packed, outcome, products.codes)
            said = products.said.get(request.door)
            if said and allowed:
                allowed = tuple(
                    msgspec.structs.replace(one, product=said.get(one.product, one.product))
                    for one in allowed)
            answer = msgspec.structs.replace(answer, allowed=allowed)
        if (request.volume_open or request.amount_open) and answer.approved and any(
                limit.measure == "volume" for limit in view.packed.limits):
            answer = msgspec.structs.replace(answer, volume_ml=outcome.volume_ml)
        again = rules.prompts_of(answer.reason)
        return msgspec.structs.replace(answer, prompts=again) if again else answer


def with_prices(detail: str, prices: tuple[ContractPrice, ...]) -> str:
    """A row's detail with the prices that were used; those of an earlier try are replaced."""
    if not prices:
        return detail
    content = msgspec.json.decode(detail)
    content["prices"] = [msgspec.structs.asdict(price) for price in prices]
    return _json(content).decode()
