-- The first hop: currencies in which count or sum of what the journal says to book is not what was booked.
-- $1 run id, $2 business date, $3 stream
WITH journaled AS (
    SELECT currency, count(*) AS count, sum(booked.minor) AS minor FROM journal
    CROSS JOIN LATERAL (SELECT CASE kind WHEN 'verification' THEN -money ELSE posted_minor END AS minor) booked
    WHERE business_date = $2::date AND stream = $3 AND booked.minor <> 0 GROUP BY currency
),
booked AS (
    SELECT p.currency, count(*) AS count, sum(p.amount_minor) AS minor FROM placement p JOIN clearing_run r USING (run_no)
    WHERE r.run_id = $1 AND p.stream = $3 AND p.journal_date = $2::date AND p.amount_minor <> 0 GROUP BY p.currency
)
SELECT currency, coalesce(j.count, 0)::int AS journal_count, coalesce(b.count, 0)::int AS ledger_count,
       coalesce(j.minor, 0)::bigint AS journal_minor, coalesce(b.minor, 0)::bigint AS ledger_minor
FROM journaled j FULL JOIN booked b USING (currency)
WHERE (j.count, j.minor) IS DISTINCT FROM (b.count, b.minor)
ORDER BY currency LIMIT 1
