"""terminals: the far end of every wire: fuel POS, smart safe, merchant's till, payer's phone.

Knows the two doors as docs/api.md describes them, `iso` for the bytes, and for its PIN pad the
algorithms of `hsm_sim.crypto`; must not know authhost, its database or its decisions, since a
partner may take a room of it as a reference client.
"""
