-- The charges go onto their statements.  $1 accounts, $2 currencies, $3 numbers
UPDATE fee_line f SET statement = s.number
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS s (account_id, currency, number)
WHERE f.account_id = s.account_id AND f.currency = s.currency AND f.statement IS NULL
