-- What a terminal took and gave back on its own date: the key's prefix finds it, in every hash partition. A return and its reversal,
-- which posts again, are neither: they are credits.
SELECT count(*) FILTER (WHERE j.posted_minor > 0 AND j.kind <> 'reversal' AND j.leg = 0)::bigint AS debits,
       coalesce(sum(j.posted_minor) FILTER (WHERE j.posted_minor > 0 AND j.kind <> 'reversal' AND j.leg = 0), 0)::bigint AS debits_minor,
       count(*) FILTER (WHERE j.kind = 'reversal' AND j.amount_minor > 0 AND j.posted_minor <= 0 AND j.approved AND j.leg = 0)::bigint
           AS reversals,
       coalesce(sum(j.amount_minor) FILTER (WHERE j.kind = 'reversal' AND j.posted_minor <= 0 AND j.approved AND j.leg = 0), 0)::bigint
           AS reversals_minor
FROM claim c
JOIN journal j ON j.business_date = c.business_date AND j.id = c.journal_id
WHERE c.key >= $1 AND c.key < $2 AND split_part(c.key, '/', 4) = $3
