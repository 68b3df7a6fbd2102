-- What accounts owe for fees, tonight's among it.  $1 accounts
SELECT account_id, currency, sum(minor)::bigint AS owed_minor
FROM (SELECT debit_account_id AS account_id, currency, amount_minor AS minor FROM ledger_transfer
      WHERE debit = '1500' AND debit_account_id = ANY ($1::bigint[])
      UNION ALL
      SELECT credit_account_id, currency, -amount_minor FROM ledger_transfer
      WHERE credit = '1500' AND credit_account_id = ANY ($1::bigint[])) moved
GROUP BY account_id, currency
