"""Card cryptography: pure functions over bytes, digits where a standard says digits.

Knows: the algorithms and their standards. Must not know: sockets, files, clocks, commands, a key's
name, or chance - whoever needs random bytes is handed a source of them. TDES is here alone.
"""
