-- What the night has made of the portfolio.  $1 business date
SELECT (SELECT count(*) FROM invoice WHERE issued_on = $1) AS invoices,
       (SELECT coalesce(sum(l.until - l.first), 0)::bigint FROM invoice i JOIN invoice_line l USING (number) WHERE i.issued_on = $1) AS invoice_lines,
       (SELECT count(*) FROM merchant_settlement WHERE business_date = $1) AS settlements,
       (SELECT count(*) FROM clearing_credit JOIN clearing_run USING (run_id) WHERE business_date = $1 AND held = '') AS credits,
       (SELECT count(*) FROM clearing_exception) AS exceptions,
       (SELECT count(*) FROM journal WHERE business_date = $1) AS journal_rows
