"""Payers' phones: who is enrolled, with which certificates, and where a phone is told.

Knows payers, their certificates (RFC 5280) and the fence that all of it holds under; must not know
HTTP, nor what a payment is.
"""
