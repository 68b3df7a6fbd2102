-- A dispute begins. One is open at a time: the payment's state says so.  $1 payment, $2 reason, $3 evidence, $4 who, $5 at
INSERT INTO dispute (payment_id, number, reason, evidence, opened_by, opened_at)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5::timestamptz FROM dispute WHERE payment_id = $1
RETURNING number
