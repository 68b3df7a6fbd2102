-- $1 account, $2 number, $3 page, $4 currency, $5 from, $6 to, $7 opening, $8 closing, $9 entries, $10 digest, $11 told by
INSERT INTO bank_statement (iban, reference, page, currency, from_day, to_day, opening_minor, closing_minor, entries, digest, told_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING statement_id
