"""Custody: what becomes of the cash after it is in the safe, until its count is settled."""
