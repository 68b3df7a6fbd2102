-- What else is undecided about a deposit ($1) beside a case ($2), locked. What somebody is deciding about in this moment is left to him;
-- a counterfeit stays one.
SELECT case_id FROM cash_case
WHERE deposit_key = $1 AND case_id <> $2 AND kind IN ('withheld', 'refused_by_bank', 'difference') AND state IN ('open', 'proposed')
ORDER BY case_id FOR UPDATE SKIP LOCKED
