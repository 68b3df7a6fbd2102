-- What a number that is told is compared with; nothing where there is no such invoice.  $1 invoice, $2 number
-- The seller is, as clearing/invoices/supply.py has it, the operator by his number of the country where it was delivered, or by that of home.
SELECT i.to_ksef, coalesce(own.ksef_number, '') AS ksef_number, taken.number AS taken_by,
       regexp_replace(CASE WHEN seller ->> 'vat_id' LIKE 'PL%' THEN seller ->> 'vat_id' ELSE seller ->> 'tax_number' END, '^PL', '') AS nip
FROM invoice i
JOIN clearing_run r ON r.run_id = coalesce(nullif(i.told_by, ''), i.run_id)
CROSS JOIN LATERAL (SELECT r.settings::jsonb AS decided) told
CROSS JOIN LATERAL (SELECT decided #> ARRAY['countries', i.country] AS abroad) there
CROSS JOIN LATERAL (SELECT CASE WHEN i.reverse_charge OR coalesce(abroad ->> 'vat_id', '') || coalesce(abroad ->> 'tax_number', '') = ''
                                THEN decided -> 'invoicing' ELSE abroad END AS seller) whose
LEFT JOIN ksef_number_latest own ON own.number = i.number
LEFT JOIN ksef_number_latest taken ON taken.ksef_number = $2 AND taken.number <> i.number
WHERE i.number = $1
