-- Count a series up, in this transaction.  $1 series, $2 how many
INSERT INTO invoice_series (series, last) VALUES ($1, $2)
ON CONFLICT (series) DO UPDATE SET last = invoice_series.last + excluded.last
RETURNING last - $2 + 1
