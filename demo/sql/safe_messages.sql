-- A safe's own messages, in the order of their numbers.
SELECT sequence, kind, state, amount_minor, currency, local_time, sent, answer FROM message ORDER BY sequence
