"""The house that the operator banks with: it takes a night's files, and answers them.

Knows ISO 20022 from the bank's side (pain.001 and pain.008 in; pain.002, camt.054 and camt.053
out) and keeps books of its own; must not know the host, whose books they are compared with.
"""
