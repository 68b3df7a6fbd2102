-- A case and what it has booked. $1 kind, $2 deposit, $3 stay, $4 amount, $5 proposal, $6 state, $7 account, $8 booked amounts
WITH made AS (
    INSERT INTO cash_case (kind, deposit_key, stay_id, amount_minor, proposal, state, account_id, currency)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'EUR') RETURNING *
),
posted AS (
    INSERT INTO custody_posting (kind, account_id, amount_minor, currency, case_id, stay_id, deposit_key, detail, who, posted_at, journal_key)
    SELECT 'adjustment', account_id, minor, currency, case_id, stay_id, deposit_key, '{}', 'test', clock_timestamp(), 'k' || minor
    FROM made CROSS JOIN unnest($8::bigint[]) AS minor
)
SELECT case_id FROM made
