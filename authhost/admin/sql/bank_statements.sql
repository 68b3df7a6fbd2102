-- Statements before one ($1), the newest first, with their entries by outcome. $2 account, '' is any; $3 the accounts of the scope.
SELECT s.statement_id, s.iban, s.reference, s.page, s.currency, s.from_day, s.to_day, s.opening_minor, s.closing_minor, s.entries,
       encode(s.digest, 'hex') AS sha256, s.told_by, s.recorded_at, outcome.matched, outcome.incoming, outcome.differing
FROM bank_statement s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE e.outcome = 'matched') AS matched, count(*) FILTER (WHERE e.outcome = 'incoming') AS incoming,
           count(*) FILTER (WHERE e.outcome NOT IN ('matched', 'incoming')) AS differing
    FROM bank_statement_entry e WHERE e.statement_id = s.statement_id) AS outcome
WHERE ($1::bigint IS NULL OR s.statement_id < $1) AND ($2 = '' OR s.iban = $2) AND ($3::text[] IS NULL OR s.iban = ANY ($3))
ORDER BY s.statement_id DESC LIMIT $4
