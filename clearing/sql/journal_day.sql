-- The day's journal in key order, one line of text a row: what the digest is taken over.
-- No id in it: ids depend on the order of commits, the content does not.  $1 business date
SELECT concat_ws(E'\x1f', key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor,
                 posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked,
                 (extract(epoch FROM decided_at) * 1000000)::bigint, coalesce(account_id, 0), coalesce(vehicle_id, 0),
                 coalesce(driver_id, 0), detail) COLLATE "C" AS line
FROM journal
WHERE business_date = $1
ORDER BY key, leg, line
