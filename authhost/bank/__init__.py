"""The banks: orders in real time, and finding out what an unanswered one became.

Knows ISO 20022, HTTPS, the deposits that wait (the outbox), and by ports.py whoever else has
orders; must not know safes, shifts, counts, the night or payments. An order is sent under one
EndToEndId for ever, is marked SENT in a commit of its own before it leaves, and leaves UNKNOWN by a
bank's word alone.
"""
