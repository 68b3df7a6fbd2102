-- $1 message id, $2 run id, $3 kind, $4 purpose, $5 bank, $6 currency, $7 path, $8 count, $9 sum, $10 execution date, $11 and $12 first and
-- last id, $13 and $14 least and most of one credit
INSERT INTO bank_file (message_id, run_id, kind, purpose, bank_id, currency, path, count, sum_minor, execute_on, first_id, last_id,
                       least_minor, most_minor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
