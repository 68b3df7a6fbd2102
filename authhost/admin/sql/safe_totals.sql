-- What safes took on business days, within the scope of an account ($3) or a bank ($4); $5 a safe, '' is any. A reversed deposit is not in
-- count and amount.
SELECT business_date, terminal_id, kind, currency, count(*) FILTER (WHERE state <> 'reversed') AS count,
       coalesce(sum(amount_minor) FILTER (WHERE state <> 'reversed'), 0)::bigint AS amount_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state <> 'reversed' AND credit IN ('accepted', 'booked', 'file')), 0)::bigint AS credited_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state <> 'reversed' AND credit = 'withheld'), 0)::bigint AS withheld_minor,
       count(*) FILTER (WHERE state = 'reversed') AS reversed
FROM deposit
WHERE business_date BETWEEN $1 AND $2 AND ($3::bigint IS NULL OR account_id = $3) AND ($4::text IS NULL OR bank_id = $4)
  AND ($5 = '' OR terminal_id = $5)
GROUP BY business_date, terminal_id, kind, currency
ORDER BY business_date, terminal_id, kind, currency
