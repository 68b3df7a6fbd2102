-- What the day has posted on fleets, returns and reversals taken off, by currency.  $1 business date
SELECT j.currency, sum(j.posted_minor)::bigint AS posted_minor
FROM journal j JOIN account a USING (account_id)
WHERE j.business_date = $1 AND a.kind = 'fleet' AND j.approved AND j.kind <> 'funding'
GROUP BY j.currency
