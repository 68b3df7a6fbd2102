-- Flagged rows after a place and before the horizon, in the order of their recording.
SELECT id, key, leg, kind, approved, action, reason, amount_minor, posted_minor, currency, terminal_id, merchant_id, site_id,
       original_key, flags, pan_masked, decided_at, recorded_at, business_date, account_id, card_id, vehicle_id, driver_id,
       volume AS volume_ml, odometer, detail::text AS detail
FROM journal
WHERE flags <> '' AND ($1::bigint IS NULL OR account_id = $1)
  AND ($2::timestamptz IS NULL OR (recorded_at, id) > ($2, $3::bigint)) AND recorded_at < $4
ORDER BY recorded_at, id LIMIT $5
