-- Statements, a column an array, and what they take off their clients' next credits. $1 run id, $2 numbers, $3 accounts, $4 currencies, $5 from,
-- $6 to, $7 settle, $8 fees, $9 interest, $10 VAT, $11 why they bear no VAT of ours, $12 under which number their payers account for it
WITH stated AS (
    INSERT INTO fee_statement (run_id, number, account_id, currency, period_from, period_to, settle, fees_minor, interest_minor, vat_minor,
                               vat_category, vat_id)
    SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::date[], $6::date[], $7::text[], $8::bigint[], $9::bigint[],
                             $10::bigint[], $11::text[], $12::text[])
    RETURNING *
)
INSERT INTO due_item (source, key, account_id, terminal_id, currency, amount_minor, deposit_key, family, placed_run)
SELECT 'fee', number, account_id, '', currency, -gross_minor, '', '', run_id FROM stated
WHERE settle = 'net' AND gross_minor <> 0
