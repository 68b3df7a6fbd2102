-- What each merchant is due for phone payments, refunds taken off.  $1 run id, $2 business date
SELECT j.account_id, j.merchant_id AS place_id, j.currency, sum(j.posted_minor)::bigint AS amount_minor,
       count(*)::int AS count, a.content::text AS party
FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = j.account_id::text
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.family = 'payment_receipt' AND j.posted_minor <> 0
GROUP BY j.account_id, j.merchant_id, j.currency, a.content
ORDER BY j.currency COLLATE "C", j.merchant_id COLLATE "C", j.account_id
