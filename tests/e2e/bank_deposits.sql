-- Deposits whose credit waits.  $1 bank, $2 first number, $3 how many, $4 account, $5 currency, $6 amount
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, kind, currency, amount_minor, recorded_at,
                     credit, bank_id, rail, next_at)
SELECT 'D' || to_char(n, 'FM00000000'), '2026-11-22', n * 16, 'S0001', $4, 'cash', $5, $6, clock_timestamp(), 'queued', $1, 'instant',
       clock_timestamp()
FROM generate_series($2::int, $2::int + $3::int - 1) n
RETURNING key
