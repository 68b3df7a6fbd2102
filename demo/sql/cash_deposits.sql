-- Every deposit, whose bank it is, and how far its credit is.
SELECT key, business_date, journal_id, terminal_id, bank_id, sequence, amount_minor, currency, state, credit, withheld
FROM deposit WHERE sequence > 0 ORDER BY terminal_id, sequence
