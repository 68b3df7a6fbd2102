"""The payment HSM, a process of its own: the only place where a clear PIN or a key exists.

Knows: keys, PINs, card cryptography, the host commands that ask for them. Must not know: anything
else of this project; it is reached over TCP alone.
"""
