-- The payouts of the run in the order of their numbers, for the settlements to name.  $1 run id
SELECT account_id, place_id, currency, end_to_end_id, held FROM clearing_credit
WHERE run_id = $1 AND purpose = 'merchant_payout'
ORDER BY end_to_end_id
