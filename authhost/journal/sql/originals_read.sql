-- What the originals took: every leg, as its row wrote it down.
SELECT j.key, j.leg, j.kind, j.account_id, j.fence, j.card_id, j.vehicle_id, j.driver_id, j.subaccount_id, j.second_card_id, j.site_id,
       j.day, j.week, j.month, j.minute, j.money, j.volume, j.count, j.products, j.odometer, j.engine_hours,
       j.amount_minor, j.posted_minor, j.currency, j.terminal_id, j.merchant_id, j.pan_masked, j.detail::text AS detail, j.approval_code,
       j.original_key
FROM unnest($1::date[], $2::bigint[], $3::text[]) AS o (business_date, id, key)
JOIN journal j ON j.business_date = o.business_date AND j.id BETWEEN o.id AND o.id + 15 AND j.key = o.key
ORDER BY j.key, j.leg
