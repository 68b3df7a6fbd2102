-- One more version of a customer's ($1) posting logic from a day ($2) on. Two at once: one finds the number taken.
INSERT INTO booking_logic (account_id, valid_from, version, terms, who)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3::text::jsonb, $4 FROM booking_logic WHERE account_id = $1 AND valid_from = $2
RETURNING version
