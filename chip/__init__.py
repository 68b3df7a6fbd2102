"""The fleet chip card: commands, data, keys, certificates, the card in software, and readers.

Knows ISO 7816 and the application that docs/chip-card.md specifies; imports nothing of ours. Both
ends are here: the card's processor (`virtual.py`, `processor.py`, `commands/`) and those who talk
to it (`dialogue.py` for a terminal, `issuer.py` for the issuer).
"""
