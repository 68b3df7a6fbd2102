-- One file of bookings: all that was booked since the last one. $1 number, $2 run id, $3 account, $4 currency, $5 from, $6 to, $7 opening
WITH done AS (DELETE FROM booking_open WHERE account_id = $3 AND currency = $4)
INSERT INTO booking_statement (number, run_id, account_id, currency, period_from, period_to, opening_minor, closing_minor, entries)
SELECT $1, $2, $3, $4, $5, $6, $7::bigint, ($7::bigint - sum(amount_minor))::bigint, count(*)
FROM ledger_entry
WHERE code = '2200' AND account_id = $3 AND currency = $4 AND run_id >= $5::date::text AND run_id < ($6::date + 1)::text
