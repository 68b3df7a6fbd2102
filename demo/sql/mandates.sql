-- Fleets that pay by direct debit.  $1 JSON array: their mandates, and within how many days an invoice is due
WITH mandates AS (
    INSERT INTO mandate (mandate_id, account_id, scheme, signed_on, debtor_name, iban, bic, address)
    SELECT mandate_id, account_id, scheme, signed_on, debtor_name, iban, bic, address
    FROM jsonb_populate_recordset(NULL::mandate, $1::jsonb)
)
INSERT INTO account_tax (account_id, collected_by, payment_days)
SELECT account_id, 'direct_debit', payment_days FROM jsonb_populate_recordset(NULL::account_tax, $1::jsonb)
