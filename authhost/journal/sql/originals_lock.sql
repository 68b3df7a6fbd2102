-- The originals, locked in key order; their journal rows follow in the next statement.
SELECT c.key, c.state, c.remaining, c.business_date, c.journal_id
FROM claim c WHERE c.key = ANY ($1::text[]) ORDER BY c.key FOR UPDATE
