-- The credits of a stay that came before its count: by the bank at once on the day of the deposit, or with the file of a night.
-- $1 stay, $2 account
SELECT d.currency, d.amount_minor, CASE d.credit WHEN 'booked' THEN d.business_date ELSE r.business_date END AS credited_on
FROM deposit d JOIN clearing_run r ON r.run_id = d.run_id
WHERE d.stay_id = $1 AND d.account_id = $2 AND d.credit IN ('file', 'booked') AND d.state IN ('verified', 'adjusted')
ORDER BY d.key
