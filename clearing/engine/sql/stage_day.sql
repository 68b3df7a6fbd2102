-- The rows of a day and stream that book money or could, with whose they are. Of cash alone there are deposits: other streams do not look for
-- them.  {day}, {stream}
SELECT j.business_date AS journal_date, j.id, j.key, j.leg::bigint AS leg, j.kind, j.account_id, a.kind AS account_kind, j.original_key, j.flags, j.posted_minor,
       CASE j.kind WHEN 'verification' THEN -j.money ELSE j.posted_minor END AS booked_minor, j.currency,
       m.account_id AS merchant_account_id,
       -- An envelope, a cheque, or a client who is credited for what was counted.
       c.kind <> 'cash' OR (c.credit = 'none' AND c.withheld = '' AND c.state <> 'reversed') AS uncounted
FROM journal j
LEFT JOIN account a ON a.account_id = j.account_id
LEFT JOIN merchant m ON m.merchant_id = j.merchant_id
LEFT JOIN deposit c ON c.key = j.key AND c.journal_id = j.id AND j.kind = 'deposit' AND {stream} = 'cash'
WHERE j.business_date = {day} AND j.stream = {stream} AND j.approved
  AND (j.kind IN ('sale', 'offline_sale', 'completion', 'deposit', 'payment', 'payment_receipt', 'adjustment', 'verification')
       OR (j.kind IN ('reversal', 'return') AND j.posted_minor <> 0))
