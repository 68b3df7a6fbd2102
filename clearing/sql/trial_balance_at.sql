-- Every account of the chart that was ever moved, as it was known at an instant; null: as it is known now.
-- $1 instant, $2 business date up to which; null: all
SELECT b.code, a.name, a.type, b.currency, sum(b.entries)::bigint AS entries, sum(b.debits_minor)::bigint AS debits_minor,
       sum(b.credits_minor)::bigint AS credits_minor, (sum(b.debits_minor) - sum(b.credits_minor))::bigint AS balance_minor
FROM ledger_balance b
JOIN clearing_run r USING (run_no)
JOIN ledger_account a USING (code)
WHERE ($1::timestamptz IS NULL OR r.posted_at <= $1) AND ($2::date IS NULL OR r.business_date <= $2)
GROUP BY b.code, a.name, a.type, b.currency
ORDER BY b.currency, b.code
