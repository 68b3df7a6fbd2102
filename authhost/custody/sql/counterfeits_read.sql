-- Suspected counterfeits by number. $1 one, $2 those that nobody has reported, $3 due until, $4 bank that looks, $5 after, $6 at most.
SELECT f.counterfeit_id, f.case_id, f.deposit_key, f.account_id, c.terminal_id, f.currency, f.value_minor, f.serial, f.category, f.seen_at,
       f.due_on, f.reported_at, f.report
FROM counterfeit f JOIN cash_case c USING (case_id)
WHERE ($1::bigint IS NULL OR f.counterfeit_id = $1) AND (NOT $2::boolean OR f.reported_at IS NULL)
  AND ($3::date IS NULL OR f.due_on <= $3)
  AND ($4::text IS NULL OR EXISTS (SELECT FROM account a WHERE a.account_id = f.account_id AND a.bank_id = $4))
  AND f.counterfeit_id > $5
ORDER BY f.counterfeit_id LIMIT $6
