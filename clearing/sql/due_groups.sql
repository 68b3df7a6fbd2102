-- What belongs together, with the details of its first three deposits. The details stay text: a NUL that somebody typed must not stop
-- the statement.  $1 run id
SELECT g.account_id, g.currency, g.place_id, g.single, g.loose, sum(g.amount_minor)::bigint AS amount_minor, count(*)::int AS count,
       count(*) FILTER (WHERE g.source = 'deposit')::int AS deposits,
       count(*) FILTER (WHERE g.source = 'reversal')::int AS reversals,
       count(*) FILTER (WHERE g.source = 'adjustment')::int AS adjustments,
       count(*) FILTER (WHERE g.source = 'fee')::int AS fees,
       array_agg(j.detail::text ORDER BY g.key) FILTER (WHERE j.id IS NOT NULL) AS details,
       min(g.journal_date) FILTER (WHERE g.source = 'deposit') AS journal_date,
       min(g.journal_id) FILTER (WHERE g.source = 'deposit') AS journal_id,
       coalesce(sum(d.tries), 0)::int AS tries,               -- of a deposit with a credit of its own: how often a bank was sent it
       a.content::text AS party
FROM (SELECT *, row_number() OVER (PARTITION BY account_id, currency, place_id, single, loose, source ORDER BY key) AS number
      FROM due) g
LEFT JOIN journal j ON g.source = 'deposit' AND g.number <= 3 AND j.stream = 'cash' AND j.business_date = g.journal_date AND j.id = g.journal_id
LEFT JOIN deposit d ON g.source = 'deposit' AND g.single <> '' AND d.key = g.key
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = g.account_id::text
GROUP BY g.account_id, g.currency, g.place_id, g.single, g.loose, a.content
ORDER BY g.currency, g.account_id, g.loose, g.place_id, g.single
