"""A bank to test against: it credits, refuses, delays, loses answers, and keeps books of its own.

Knows ISO 20022 (pain.001 in, pain.002 and camt.053 out), HTTPS and SQLite; must not know the host.
Its books are what is compared with the host's: each EndToEndId is paid once, whoever asks twice.
"""
