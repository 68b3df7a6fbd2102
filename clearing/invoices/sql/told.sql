-- Invoices by day and number.  $1 account or null, $2 first and $3 last day of issue or null
SELECT number, kind, account_id, party_id, currency, issued_on, due_on, gross_minor, corrects FROM invoice
WHERE ($1::bigint IS NULL OR account_id = $1) AND ($2::date IS NULL OR issued_on >= $2) AND ($3::date IS NULL OR issued_on <= $3)
ORDER BY issued_on, number
