-- The credits that the files of nights have for an account ($1) in a currency, as its bank books them: net of what was taken off.
-- $3 and $4 the nights' business dates
SELECT c.end_to_end_id, c.amount_minor FROM clearing_credit c JOIN clearing_run r USING (run_id)
WHERE c.account_id = $1 AND c.currency = $2 AND c.purpose = 'deposit_credit' AND c.held = '' AND r.business_date BETWEEN $3 AND $4
ORDER BY c.end_to_end_id
