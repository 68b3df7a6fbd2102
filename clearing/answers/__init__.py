"""Answers of banks about what was sent: read, matched with their orders, booked by the next run.

Knows pain.002, camt.054 and what statements show; must not know how a file was written. A fact
about an order is stored once, and the facts add up to the same in whatever order they come.
"""
