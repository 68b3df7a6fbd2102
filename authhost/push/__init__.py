"""A payer's phone is woken: web push, encrypted for the phone, signed by us.

Knows subscriptions and push services (RFC 8030, 8188, 8291, 8292); a message says that something
waits, never what.
"""
