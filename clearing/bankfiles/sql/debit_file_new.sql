-- $1 message id, $2 run id, $3 currency, $4 path, $5 count, $6 sum, $7 first collection day, $8 and $9 first and last id
INSERT INTO bank_file (message_id, run_id, kind, purpose, bank_id, currency, path, count, sum_minor, execute_on, first_id, last_id)
VALUES ($1, $2, 'pain008', 'collection', '', $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (message_id) DO NOTHING
