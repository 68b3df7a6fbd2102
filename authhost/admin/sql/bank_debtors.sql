-- The accounts that a bank may tell of, without blanks: those that its rails debit, and those of the operator's that collect. $1 bank
SELECT replace(upper(account ->> 'iban'), ' ', '') AS iban
FROM bank b, jsonb_array_elements(b.rails) AS rail, unnest(ARRAY[rail -> 'debtor', rail -> 'collects']) AS account
WHERE b.bank_id = $1 AND account ->> 'iban' IS NOT NULL
UNION SELECT iban FROM collecting_account WHERE bank_id = $1
