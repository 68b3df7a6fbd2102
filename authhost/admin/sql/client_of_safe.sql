-- An account that is to be a safe's client, held as it is, and the business day that is open.
SELECT a.kind, a.status, a.currency, r.cash_date AS business_date FROM account a CROSS JOIN rules r WHERE a.account_id = $1 FOR SHARE OF a
