"""The command lines of the four clients, for trying a host by hand.

Knows arguments and printing, a client a module; each client's own module does the rest. Card
numbers are printed masked, though they were typed in clear.
"""

from terminals.by_hand.merchant import merchant_main
from terminals.by_hand.phone import phone_main
from terminals.by_hand.pos import pos_main
from terminals.by_hand.safe import safe_main

__all__ = ["merchant_main", "phone_main", "pos_main", "safe_main"]
