"""Who works for a merchant: persons and programs, what they hold once they have proved who they
are, and how an agent logs in by phone.

Knows their tables and the certificates of agents' phones; must not know HTTP, nor decide about a
payment.
"""
