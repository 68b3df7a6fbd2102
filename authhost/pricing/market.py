"""What all contracts share: products and their groups, sites, base prices, VAT rates.

PURE. Does not change; what comes new makes another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from authhost.pricing.formula import BasePrice
from authhost.pricing.timeline import BEGINNING, FOREVER, Timeline

Series = tuple[str, str, str, str]  # source, product, temperature, currency
ANY: Final = "*"


class Site(msgspec.Struct, frozen=True):
    """Where a site lies: a region of the chain's own, a country (ISO 3166-1)."""

    region: str = ""
    country: str = ""


_NOWHERE: Final = Site()


class Market(msgspec.Struct, frozen=True):
    """units: product -> unit of sale. vat: (product, '@group' or '*'; country, site) -> rate."""

    units: Mapping[str, str] = {}
    groups: Mapping[str, tuple[str, ...]] = {}  # product -> '@name' of each group that it is in
    sites: Mapping[str, Site] = {}
    base_prices: Mapping[Series, Timeline[BasePrice]] = {}
    vat: Mapping[tuple[str, str, str], Timeline[int]] = {}

    def site(self, site_id: str) -> Site:
        """Where a site lies; a strange one is nowhere, so only what holds everywhere fits."""
        return self.sites.get(site_id, _NOWHERE)

    def levels(self, product: str) -> Iterator[tuple[str, ...]]:
        """What may name a product, the most specific first: itself, its groups, any."""
        yield (product,)
        yield self.groups.get(product, ())
        yield (ANY,)

    def base_price(self, series: Series, at_us: int) -> tuple[BasePrice | None, int, int]:
        """(the base price in force, since, until)."""
        timeline = self.base_prices.get(series)
        return (None, BEGINNING, FOREVER) if timeline is None else timeline.at(at_us)

    def vat_rate(self, product: str, site_id: str, at_us: int) -> tuple[int | None, int, int]:
        """(basis points of VAT in force for a product at a site, since, until).

        Product before group before any; site before country before everywhere. None: no rate, or
        two groups of the product that disagree.
        """
        since, until = BEGINNING, FOREVER
        country = self.site(site_id).country
        places = [("", site_id)] * bool(site_id) + [(country, "")] * bool(country) + [("", "")]
        for names in self.levels(product):
            for place in places:
                found = set()
                for name in names:
                    timeline = self.vat.get((name, *place))
                    if timeline is not None:
                        rate, start, end = timeline.at(at_us)
                        since, until = max(since, start), min(until, end)
                        found |= {rate} - {None}
                if found:
                    return (found.pop() if len(found) == 1 else None), since, until
        return None, since, until
