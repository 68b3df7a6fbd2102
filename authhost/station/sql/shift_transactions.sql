-- What a terminal's messages of some classes and dates have booked, a posting a row: the keys say whose they are.
-- State 1 taken, 4 reversed, 8 noted (a reversal), 14 returned, 15 a return. $1 keys from, $2 to and without, $3 at most
SELECT c.key, c.state, j.kind, j.leg, j.amount_minor, j.posted_minor, j.money, j.volume, j.products, j.original_key,
       coalesce(p.program_id, '') AS card_type
FROM unnest($1::text[], $2::text[]) AS r (low, high)
JOIN claim c ON c.key >= r.low COLLATE "C" AND c.key < r.high COLLATE "C"
JOIN journal j ON j.business_date = c.business_date AND j.id BETWEEN c.journal_id AND c.journal_id + 15 AND j.key = c.key
LEFT JOIN card p ON p.card_id = j.card_id
WHERE c.journal_id <> 0 AND c.state IN (1, 4, 8, 14, 15) AND j.approved
  AND j.kind IN ('sale', 'offline_sale', 'completion', 'return', 'reversal')
ORDER BY c.key, j.leg LIMIT $3
