-- One more version of a supplier's ($1) terms from a day ($2) on; $3 the courier that he is. Two at once: one finds the number taken.
INSERT INTO supplier_terms (account_id, valid_from, version, courier_id, terms, who)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4::text::jsonb, $5 FROM supplier_terms WHERE account_id = $1 AND valid_from = $2
RETURNING version
