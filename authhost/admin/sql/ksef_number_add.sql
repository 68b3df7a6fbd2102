-- The number of an invoice.  $1 invoice, $2 number, '' where it has none, $3 who
INSERT INTO ksef_number (number, ksef_number, who) VALUES ($1, $2, $3)
