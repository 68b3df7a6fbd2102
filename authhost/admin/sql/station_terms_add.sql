-- One more version of a station's ($1) terms from a day ($2) on; $3 the supplier. Two at once: one finds the number taken.
INSERT INTO station_terms (merchant_id, valid_from, version, account_id, terms, who)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4::text::jsonb, $5 FROM station_terms WHERE merchant_id = $1 AND valid_from = $2
RETURNING version
