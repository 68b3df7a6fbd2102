-- A safe, locked: its messages come one after the other. With its terminal, and the day that is open. $1 terminal
SELECT s.terminal_id, s.time_zone, s.cassette_id, s.shift, s.currencies, s.note_capacity, s.coin_capacity, s.fill_percent,
       s.shift_required, s.named_depositors, coalesce(s.courier_id, '') AS courier_id, t.status, t.acquirer_id, r.cash_date AS business_date
FROM safe s JOIN terminal t USING (terminal_id) CROSS JOIN rules r
WHERE s.terminal_id = $1 FOR NO KEY UPDATE OF s
