-- A merchant's settlements, newest first.  $1 merchant, $2 from, $3 to, $4 the last number seen, $5 most
SELECT number, s.business_date, currency, plan_id AS plan, fees_by AS by, gross_minor, refunds_minor, fees_minor, vat_minor,
       held_back_minor, released_minor, net_minor, opening_minor, payout_minor, closing_minor, payable_on AS payout_date,
       CASE WHEN held = '' THEN end_to_end_id END AS end_to_end_id, held AS not_paid_because
FROM merchant_settlement s JOIN clearing_run r USING (run_id)
WHERE s.merchant_id = $1 AND ($2::date IS NULL OR s.business_date >= $2::date) AND ($3::date IS NULL OR s.business_date <= $3::date)
  AND ($4::text = '' OR s.number < $4::text) AND r.status = 'done'
ORDER BY s.number DESC LIMIT $5
