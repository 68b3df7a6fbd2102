-- A deposit's journal row as it is hashed, and how it stands now. What was not taken has no receipt.
SELECT j.business_date, j.id, j.key, j.leg, j.kind, j.approved, j.action, j.reason, j.approval_code, j.requested_minor, j.amount_minor,
       j.posted_minor, j.currency, j.terminal_id, j.merchant_id, j.site_id, j.original_key, j.flags, j.decided_at, j.recorded_at,
       j.rules_version, j.account_id, j.fence, j.money, j.count, j.detail,
       coalesce(d.kind, 'cash') AS deposit_kind, coalesce(d.state, 'reported') AS state, coalesce(d.credit, 'none') AS credit,
       coalesce(s.time_zone, 'UTC') AS time_zone, coalesce(c.cassette_id, '') AS cassette_inside
FROM journal j LEFT JOIN deposit d USING (key) LEFT JOIN safe s ON s.terminal_id = j.terminal_id
LEFT JOIN cassette_stay c ON c.stay_id = d.stay_id
WHERE j.business_date = $1 AND j.id = $2 AND j.leg = 0 AND j.kind = 'deposit' AND j.approved
