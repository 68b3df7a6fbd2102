-- Accounts of merchants that the run's ledger moves by another amount than its settlements say: none; a payout that came back and is paid
-- again is no part of a settlement.  $1 run id, $2 business date, $3 stream: one has placements of merchants
WITH said AS (
    SELECT account_id, currency, sum(net_minor - payout_minor) AS minor FROM merchant_settlement WHERE run_id = $1 GROUP BY 1, 2
),
transfer AS (
    SELECT * FROM ledger_transfer t
    WHERE run_id = $1 AND transaction !~ '/(back|unpaid|paid)$'
      AND NOT EXISTS (SELECT FROM clearing_again a WHERE a.end_to_end_id = t.transaction)
),
booked AS (
    SELECT account_id, currency, -sum(minor) AS minor FROM (
        SELECT debit_account_id AS account_id, currency, -amount_minor AS minor FROM placement
        WHERE $3 = 'payments' AND stream = 'payments' AND journal_date = $2::date AND family = 'payment_receipt'
          AND run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
        UNION ALL SELECT debit_account_id, currency, amount_minor FROM transfer WHERE debit = '2400'
        UNION ALL SELECT credit_account_id, currency, -amount_minor FROM transfer WHERE credit = '2400') moved
    GROUP BY 1, 2
)
SELECT coalesce(s.account_id, b.account_id) AS account_id, coalesce(s.currency, b.currency) AS currency,
       coalesce(s.minor, 0)::bigint AS said_minor, coalesce(b.minor, 0)::bigint AS booked_minor
FROM said s FULL JOIN booked b ON s.currency = b.currency AND coalesce(s.account_id, -1) = coalesce(b.account_id, -1)
WHERE coalesce(s.minor, 0) <> coalesce(b.minor, 0)
ORDER BY 1, 2 LIMIT 1
