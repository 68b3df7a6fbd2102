-- A case under its lock.
SELECT case_id, kind, terminal_id, stay_id, deposit_key, account_id, currency, amount_minor, state, proposal, proposed_minor, proposed_by, decided_by, why,
       content::text AS content, coalesce(content ->> 'shares', '[]') AS shares
FROM cash_case WHERE case_id = $1 FOR UPDATE
