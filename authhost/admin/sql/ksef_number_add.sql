-- The number of an invoice, and whether it is new; nothing where there is no such invoice.  $1 invoice, $2 number, $3 who
WITH added AS (
    INSERT INTO ksef_number (number, ksef_number, who) SELECT number, $2, $3 FROM invoice WHERE number = $1
    ON CONFLICT (number) DO NOTHING
    RETURNING ksef_number
)
SELECT ksef_number, true AS is_new FROM added
UNION ALL
SELECT ksef_number, false FROM ksef_number WHERE number = $1
