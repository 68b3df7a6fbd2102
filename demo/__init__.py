"""demo: one business day of a small payment operator, over the real wires, in half a minute.

Knows everybody: it makes the parties, starts the host as a process of its own, plays terminals,
safes, tills and phones against it, closes the day and compares all sums. Nobody imports it but
the command line and the tests.
"""
