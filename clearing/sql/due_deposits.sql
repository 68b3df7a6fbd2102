-- What each client is due for each safe. A reversal counts for the safe that its original was made at.
-- The details stay text: a NUL that somebody typed must not stop the statement.  $1 run id, $2 business date
SELECT j.account_id, coalesce(o.terminal_id, j.terminal_id) COLLATE "C" AS place_id, j.currency,
       sum(j.posted_minor)::bigint AS amount_minor, count(*)::int AS count,
       count(*) FILTER (WHERE j.kind <> 'reversal')::int AS deposits,
       (array_agg(j.detail::text ORDER BY j.key) FILTER (WHERE j.kind <> 'reversal'))[1:3] AS details,
       a.content::text AS party
FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT terminal_id FROM journal s
                   WHERE s.business_date = p.original_date AND s.id = p.original_id LIMIT 1) o ON true
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = j.account_id::text
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.place = 'cleared' AND p.family = 'deposit'
  AND j.posted_minor <> 0
GROUP BY j.account_id, place_id, j.currency, a.content
ORDER BY j.currency COLLATE "C", j.account_id, place_id
