-- The accounts that a bank's rails debit, without blanks. $1 bank
SELECT DISTINCT replace(upper(rail -> 'debtor' ->> 'iban'), ' ', '') AS iban
FROM bank b, jsonb_array_elements(b.rails) AS rail
WHERE b.bank_id = $1 AND rail -> 'debtor' ->> 'iban' IS NOT NULL
