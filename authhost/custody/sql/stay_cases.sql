-- The cases of a stay's count, locked.
SELECT case_id, kind, account_id, currency, amount_minor, state, decided_by FROM cash_case
WHERE stay_id = $1 AND deposit_key IS NULL AND kind IN ('difference', 'counterfeit')
ORDER BY case_id FOR UPDATE
