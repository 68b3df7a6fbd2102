-- Rows of the stream's day that book money, by kind: a verification books the exposure that it ends. The digest is a sum, so that order does
-- not matter, over key, leg and amount of each row.  $1 run id, $2 business date, $3 stream
SELECT j.kind, j.currency, count(*)::bigint AS count, sum(booked.minor)::bigint AS sum_minor,
       sum(hashtextextended(j.key || '#' || j.leg, booked.minor))::text AS digest
FROM journal j
CROSS JOIN LATERAL (SELECT CASE j.kind WHEN 'verification' THEN -j.money ELSE j.posted_minor END AS minor) booked
WHERE j.business_date = $2::date AND j.stream = $3 AND booked.minor <> 0 AND $1 <> ''
GROUP BY j.kind, j.currency ORDER BY j.kind COLLATE "C", j.currency
