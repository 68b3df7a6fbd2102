-- What the customer's accounts of the chart moved with him, in all runs.  $1 account
SELECT count(*)::int AS count, coalesce(-sum(amount_minor), 0)::int AS minor FROM ledger_entry
WHERE account_id = $1 AND code IN ('1100', '1500', '2100', '2200', '2400', '2410', '2450')
