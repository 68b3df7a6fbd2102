-- Ask for invoices of what is open.  $1 account or null, $2 up to this day, $3 who
WITH asked AS (
    INSERT INTO invoice_request (account_id, up_to, who)
    SELECT DISTINCT account_id, $2::date, $3 FROM fuel_line_open WHERE $1::bigint IS NULL OR account_id = $1
    RETURNING 1
)
SELECT count(*)::int FROM asked
