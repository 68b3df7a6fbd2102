"""Doors: sockets on one side, `authorize` on the other. A door decides nothing."""
