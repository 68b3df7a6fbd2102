"""The command lines of the clients, for trying a host by hand; the till's is its own
(terminals/till).

Knows arguments and printing, a client a module; each client's own module does the rest. Card
numbers are printed masked, though they were typed in clear.
"""

from terminals.by_hand.phone import phone_main
from terminals.by_hand.pos import pos_main
from terminals.by_hand.safe import safe_main

__all__ = ["phone_main", "pos_main", "safe_main"]
