-- How many items are in the credits of one bank, and what they come to.  $1 run id, $2 purpose, $3 currency, $4 bank
SELECT count(*)::int AS count, coalesce(sum(i.amount_minor), 0)::bigint AS sum_minor
FROM clearing_credit c
JOIN credit_item i ON i.run_id = $1 AND i.end_to_end_id = c.end_to_end_id
WHERE c.run_id = $1 AND c.purpose = $2 AND c.currency = $3 AND c.bank_id = $4 AND c.held = ''
