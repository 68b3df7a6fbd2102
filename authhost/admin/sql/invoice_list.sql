-- Invoices by day and number: $1 the account that is asked for, $2 the scope, $3 a kind or '', $4 and $5 first and last day of issue,
-- $6 and $7 where the page before has ended, $8 how many.
SELECT number, kind, account_id, party_id, currency, period_from, period_to, issued_on, due_on, net_minor, vat_minor, gross_minor,
       rounding_minor, collected_by, corrects, run_id, coalesce(ksef_number, '') AS ksef_number
FROM invoice LEFT JOIN ksef_number_latest USING (number)
WHERE ($1::bigint IS NULL OR account_id = $1) AND ($2::bigint IS NULL OR account_id = $2) AND ($3 = '' OR kind = $3)
  AND ($4::date IS NULL OR issued_on >= $4) AND ($5::date IS NULL OR issued_on <= $5)
  AND ($6::date IS NULL OR (issued_on, number) > ($6, $7))
ORDER BY issued_on, number LIMIT $8
