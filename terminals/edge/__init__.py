"""The edge program of a station: sells on line and off line, keeps what it sold, and forwards it.

Knows the terminals' room (messages, the wire, the card reader) and one SQLite file; knows nothing
of the host but its two doors. `Edge` in `edge.py` is the whole of it; docs/edge.md says how a
station runs it.
"""
