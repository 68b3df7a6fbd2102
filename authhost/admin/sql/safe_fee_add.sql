-- One more version of an account's ($1) fees from a day ($2) on. Two at once: one finds the number taken.
INSERT INTO safe_fee (account_id, valid_from, version, terms, who)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3::text::jsonb, $4 FROM safe_fee WHERE account_id = $1 AND valid_from = $2
RETURNING version
