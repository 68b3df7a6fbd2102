"""The night: close the business day, book it in double entry, write the files that others import.

Knows the journal's tables and `authhost.model`; must not know how a message came in, what
decided it, or any wire. `clearing.run.clear` is the one way in;
`clearing.days.closing.close_day` is its first step.
"""
