-- Cases by number. $1 one case, $2 state ('' all that are not closed, '*' all), $3 kind, $4 safe, $5 account and $6 bank that look, $7 after, $8 at most.
SELECT c.case_id, c.kind, c.terminal_id, c.stay_id, c.deposit_key, c.account_id, c.currency, c.amount_minor, c.content::text AS content,
       c.state, c.opened_at, c.due_at, c.proposal, c.proposed_minor, c.proposed_by, c.proposed_at, c.decided_by, c.decided_at, c.why, c.journal_key
FROM cash_case c
WHERE ($1::bigint IS NULL OR c.case_id = $1)
  AND ($1::bigint IS NOT NULL OR CASE $2 WHEN '' THEN c.state <> 'closed' WHEN '*' THEN true ELSE c.state = $2 END)
  AND ($3 = '' OR c.kind = $3) AND ($4 = '' OR c.terminal_id = $4)
  AND ($5::bigint IS NULL OR c.account_id = $5)
  AND ($6::text IS NULL OR EXISTS (SELECT FROM account a WHERE a.account_id = c.account_id AND a.bank_id = $6))
  AND c.case_id > $7
ORDER BY c.case_id LIMIT $8
