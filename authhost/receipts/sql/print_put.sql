-- One printing more; the first has the number 0, and is the original.
INSERT INTO receipt_print (key, number, who, form, request)
SELECT $1, count(*), $2, $4, $3 FROM receipt_print WHERE key = $1 RETURNING number
