-- Rows that had a contract and no price, and what gives them back: looked for by themselves, for most nights have none.
-- $1 business date
SELECT id AS journal_id FROM journal WHERE business_date = $1::date AND stream = 'fuel' AND flags LIKE '%price_missing:%'
UNION
SELECT p.journal_id FROM placement p
-- Each by its number: they are few, and a join would go through every day there is.
CROSS JOIN LATERAL (SELECT flags FROM journal r WHERE r.business_date = p.original_date AND r.stream = 'fuel' AND r.id = p.original_id LIMIT 1) o
WHERE p.stream = 'fuel' AND p.journal_date = $1::date AND p.original_id IS NOT NULL AND o.flags LIKE '%price_missing:%'
