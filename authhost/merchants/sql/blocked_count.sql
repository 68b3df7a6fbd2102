-- How many phones a merchant blocks, the merchant locked: one of them at a time.  $1 merchant
SELECT (SELECT count(*) FROM merchant_blocked_phone b WHERE b.merchant_id = m.merchant_id) AS count
FROM merchant m WHERE m.merchant_id = $1 FOR NO KEY UPDATE
