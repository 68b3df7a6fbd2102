-- The files that a run has decided on.  $1 run id, $2 kinds
SELECT message_id, kind, purpose, bank_id, currency, path, count, sum_minor, execute_on, first_id, last_id, least_minor, most_minor
FROM bank_file WHERE run_id = $1 AND kind = ANY ($2::text[]) ORDER BY path
