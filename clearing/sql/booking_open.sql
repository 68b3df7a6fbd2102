-- Whose account was moved tonight, and is in no file of bookings yet.  $1 run id, $2 business date
INSERT INTO booking_open (account_id, currency, first_day)
SELECT DISTINCT account_id, currency, $2::date FROM ledger_entry WHERE run_id = $1 AND code = '2200' AND account_id IS NOT NULL
ON CONFLICT DO NOTHING
