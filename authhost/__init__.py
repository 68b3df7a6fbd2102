"""authhost: the on-line host. Messages in, durable decisions out.

Redis decides, PostgreSQL proves: see ARCHITECTURE.md for the rooms and INVARIANTS.md for what
always holds.
"""
