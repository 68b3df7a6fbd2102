"""A smart safe: counts notes and coins, keeps them, and tells the host of each, across any crash.

Knows the terminals' room, one SQLite file and the machine that counts; knows nothing of the host
but its door. `SafeProgram` in `program.py` is the whole of it; docs/safe-program.md says how one
is run. `Safe` is a safe that knows one message.
"""

from terminals.safe.one_message import Denomination, Safe

__all__ = ["Denomination", "Safe"]
