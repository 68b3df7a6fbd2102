-- A page of messages, the newest first: the first leg of each; its money and volume are those of all its legs. Conditions: what was
-- asked for, each with a parameter of its own, so that the indexes of account, card, vehicle and driver serve.
WITH page AS (
    SELECT business_date, id, key, kind, approved, action, reason, approval_code, requested_minor, amount_minor, currency,
           terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, account_id, card_id, vehicle_id,
           driver_id, odometer, engine_hours, detail::text AS detail
    FROM journal
    WHERE business_date BETWEEN $1 AND $2 AND leg = 0 AND {conditions}
      AND ($3::date IS NULL OR (business_date, id) < ($3, $4::bigint))
    ORDER BY business_date DESC, id DESC LIMIT $5
)
SELECT page.*, legs.posted_minor, legs.volume_ml
FROM page CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.posted_minor), 0)::bigint AS posted_minor, coalesce(sum(l.volume), 0)::bigint AS volume_ml
    FROM journal l WHERE l.business_date = page.business_date AND l.id BETWEEN page.id AND page.id + 15 AND l.key = page.key
) AS legs
ORDER BY page.business_date DESC, page.id DESC
