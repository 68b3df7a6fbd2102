-- A statement, and what it takes off the client's next credit. $1 number, $2 run id, $3 account, $4 currency, $5 from, $6 to, $7 settle,
-- $8 fees, $9 interest, $10 VAT
WITH stated AS (
    INSERT INTO fee_statement (number, run_id, account_id, currency, period_from, period_to, settle, fees_minor, interest_minor, vat_minor)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING *
)
INSERT INTO due_item (source, key, account_id, terminal_id, currency, amount_minor, deposit_key, family, placed_run)
SELECT 'fee', number, account_id, '', currency, -gross_minor, '', '', run_id FROM stated
WHERE settle = 'net' AND gross_minor <> 0
