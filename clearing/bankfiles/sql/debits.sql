-- The collections of a run that go, in the order of their ids.  $1 run id
SELECT end_to_end_id, mandate_id, currency, amount_minor, scheme, sequence_type, collect_on, signed_on, debtor_name, iban, bic,
       address::text AS address, original_id, original_iban, original_creditor, remittance
FROM clearing_debit WHERE run_id = $1 AND held = '' ORDER BY end_to_end_id
