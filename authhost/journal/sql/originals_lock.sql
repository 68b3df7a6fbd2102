-- The originals and the holds that raise them, locked in key order; their journal rows follow in the next statement.
SELECT c.key, c.state, c.remaining, c.business_date, c.journal_id, c.extends, c.stands
FROM claim c WHERE c.key = ANY ($1::text[]) OR (c.extends = ANY ($1::text[]) AND c.state = 2) ORDER BY c.key FOR UPDATE
