-- Whose fees tonight booked and asks nobody for yet. What was taken off already is asked of those alone whose tax data is known: of the
-- others the statement has it.  $1 run id, $2 stream, $3 business date
INSERT INTO fee_open (stream, account_id, currency, is_netted, first_day)
SELECT $2, account_id, currency, is_netted, $3::date
FROM (
    SELECT account_id, currency, fees_by = 'net' AS is_netted FROM merchant_settlement
    WHERE run_id = $1 AND account_id IS NOT NULL AND (fees_minor <> 0 OR vat_minor <> 0)
    UNION
    SELECT account_id, currency, settle = 'net' FROM fee_statement WHERE run_id = $1 AND gross_minor <> 0
) f
WHERE NOT is_netted OR EXISTS (SELECT FROM account_tax t WHERE t.account_id = f.account_id)
ORDER BY account_id, currency, is_netted
ON CONFLICT DO NOTHING
