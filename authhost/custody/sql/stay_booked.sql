-- What is booked on single deposits of a stay (in the place of a rejected credit, or after a doubt), and what decided cases explain.
SELECT 'deposit' AS kind, p.account_id, p.currency, p.amount_minor
FROM deposit d JOIN cash_case c ON c.deposit_key = d.key AND c.proposal = 'adjust'
JOIN custody_posting p ON p.case_id = c.case_id AND p.kind = 'adjustment'
WHERE d.stay_id = $1 AND d.state <> 'reversed'
UNION ALL
SELECT kind, account_id, currency, amount_minor FROM cash_case
WHERE stay_id = $1 AND deposit_key IS NULL AND kind IN ('difference', 'counterfeit') AND state IN ('decided', 'closed')
