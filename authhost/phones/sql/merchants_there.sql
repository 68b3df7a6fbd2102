-- Which of these merchants there are.  $1 ids
SELECT array_agg(merchant_id) AS there FROM merchant WHERE merchant_id = ANY ($1::text[])
