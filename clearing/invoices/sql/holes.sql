-- Rows that had a contract and no price, and what gives them back: looked for by themselves, for most nights have none.
-- $1 business date
SELECT id AS journal_id FROM journal WHERE business_date = $1::date AND stream = 'fuel' AND flags LIKE '%price_missing:%'
UNION
SELECT p.journal_id FROM placement p JOIN journal o ON o.business_date = p.original_date AND o.id = p.original_id
WHERE p.stream = 'fuel' AND p.journal_date = $1::date AND p.original_id IS NOT NULL AND o.flags LIKE '%price_missing:%'
