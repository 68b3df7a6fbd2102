"""The banks: credits deposits in real time, and finds out what an unanswered one became.

Knows the deposits that wait (the outbox), ISO 20022 and HTTPS; must not know safes, shifts, counts
or the night. A credit is sent under one EndToEndId for ever, is marked SENT in a commit of its own
before it leaves, and leaves UNKNOWN by a bank's word alone.
"""
