"""What merchants are told by webhook: signed, at least once, to addresses that may be called.

Knows the table of what is to be told, and HTTP as its sender; must not know what a payment is.
"""
