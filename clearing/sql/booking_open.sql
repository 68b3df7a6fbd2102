-- Whose account was moved tonight, and is in no file of bookings yet.  $1 run id, $2 business date
INSERT INTO booking_open (account_id, currency, first_day)
SELECT DISTINCT account_id, currency, $2::date
FROM (SELECT side.account_id, p.currency
      FROM (SELECT DISTINCT family, debit_account_id, credit_account_id, currency FROM placement
            WHERE stream = 'cash' AND journal_date = $2::date AND run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1) AND amount_minor <> 0) p
      JOIN posting_rule f USING (family)
      CROSS JOIN LATERAL (VALUES (f.debit, p.debit_account_id), (f.credit, p.credit_account_id)) AS side (code, account_id)
      WHERE side.code = '2200'
      UNION ALL
      SELECT side.account_id, t.currency
      FROM ledger_transfer t
      CROSS JOIN LATERAL (VALUES (t.debit, t.debit_account_id), (t.credit, t.credit_account_id)) AS side (code, account_id)
      WHERE t.run_id = $1 AND side.code = '2200') moved
WHERE account_id IS NOT NULL
ON CONFLICT DO NOTHING
