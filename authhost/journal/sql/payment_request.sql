-- A payment request and its state, by its key.
SELECT c.key, c.state, j.requested_minor AS amount_minor, j.currency, j.merchant_id, j.terminal_id, j.detail::text AS detail,
       c.expires_at, m.name AS merchant_name
FROM claim c
JOIN journal j ON j.business_date = c.business_date AND j.id = c.journal_id AND j.leg = 0
LEFT JOIN merchant m ON m.merchant_id = j.merchant_id
WHERE c.key = $1 AND j.kind = 'payment_request'
