-- Fees that no invoice asks for.  $1 stream
SELECT account_id, currency, is_netted, first_day FROM fee_open WHERE stream = $1
ORDER BY account_id, currency COLLATE "C", is_netted
