"""Prices: what a fleet pays for a product instead of the pump price, by its contract.

Knows contracts, base prices, VAT rates, and the sale's items; knows no message, no card and no
limit. What works a price out is PURE; the tables are read by `prices` and written by `importing`,
`contracts` and `vat` alone. See docs/prices.md.
"""
