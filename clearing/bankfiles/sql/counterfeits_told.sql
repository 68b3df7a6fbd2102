-- Suspected counterfeits of clients whose bank wants an advice, found for the first time: told by this night.
-- $1 run id, $2 whether the operator's own bank wants one
INSERT INTO counterfeit_told (counterfeit_id, run_id, bank_id, account_id, currency, value_minor, serial, category, deposit_key,
                              terminal_id, seen_on)
SELECT f.counterfeit_id, $1, coalesce(a.bank_id, ''), f.account_id, f.currency, f.value_minor, f.serial, f.category,
       coalesce(f.deposit_key, ''), coalesce(c.terminal_id, ''), f.seen_at::date
FROM counterfeit f
JOIN account a USING (account_id)
JOIN cash_case c USING (case_id)
LEFT JOIN bank b USING (bank_id)
WHERE CASE WHEN b.bank_id IS NULL THEN $2::boolean ELSE coalesce(b.files ->> 'advice', '') <> '' END
  AND NOT EXISTS (SELECT FROM counterfeit_told t WHERE t.counterfeit_id = f.counterfeit_id)
